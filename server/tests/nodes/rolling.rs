//! Nodes that are replaced one after the other.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::time::sleep;

use crate::harness::{Answer, Browser, Engine, Kind, NoAnswer, Node, now};

on_every_engine!(a_rolling_restart_is_not_seen_by_who_asks_twice);

/// How long a node may take to stop while browsers keep connections to it.
const STOPS_WITHIN: Duration = Duration::from_secs(5);

// A11
async fn a_rolling_restart_is_not_seen_by_who_asks_twice(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let mut nodes: [Node; 3] = engine.nodes(&[]);
    let addresses = nodes.each_ref().map(|node| node.address);
    let over = Arc::new(AtomicBool::new(false));
    let mut going_round = Vec::new();
    for first in 0..6 {
        let browser = Browser::signed_in(&nodes[first % 3]).await;
        going_round.push(tokio::spawn(go_round(browser, addresses, over.clone())));
    }
    let mut idle = Browser::signed_in(&nodes[0]).await;
    for node in addresses {
        idle.left(node).await;
    }

    for node in &mut nodes {
        sleep(Duration::from_millis(200)).await;
        let asked_at = now();
        node.stop();
        assert!(asked_at.elapsed() < STOPS_WITHIN);
        node.restart();
    }
    sleep(Duration::from_millis(200)).await;
    over.store(true, SeqCst);

    for going in going_round {
        let answers = going.await.unwrap();
        assert!(answers > 50, "{answers}");
    }
    for node in addresses {
        idle.left(node).await;
    }
}

/// A user whose every request goes to the next node, and once more to the one after it where that
/// fails. Tells how many there were.
async fn go_round(mut browser: Browser, nodes: [SocketAddr; 3], over: Arc<AtomicBool>) -> usize {
    let mut requests = 0;
    while !over.load(SeqCst) {
        let [first, second] = [0, 1].map(|step| nodes[(requests + step) % nodes.len()]);
        let answer = match ask(&mut browser, first, requests).await {
            Ok(answer) if !answer.status.is_server_error() => answer,
            Ok(_) | Err(_) => ask(&mut browser, second, requests).await.unwrap(),
        };
        assert!(answer.is_served(), "{answer:?}");
        requests += 1;
    }
    requests
}

async fn ask(browser: &mut Browser, node: SocketAddr, number: usize) -> Result<Answer, NoAnswer> {
    match number / 3 % 3 {
        0 => browser.visit(node).await,
        1 => browser.keep_alive(node).await,
        _ => browser.ask_status(node).await,
    }
}
