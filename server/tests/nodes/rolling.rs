//! Tests in which nodes are restarted one after the other.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use crate::harness::{Answer, Browser, Engine, Kind, NoAnswer, Node, TIMEOUT, now, until};

on_every_engine!(a_rolling_restart_is_not_noticed_if_failed_requests_are_repeated);

/// How long a node may take to stop while browsers keep connections to it.
const STOPS_WITHIN: Duration = Duration::from_secs(5);

// A11
async fn a_rolling_restart_is_not_noticed_if_failed_requests_are_repeated(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let mut nodes: [Node; 3] = engine.nodes(&[]);
    let addresses = nodes.each_ref().map(|node| node.address);
    let over = Arc::new(AtomicBool::new(false));
    let mut going_round = Vec::new();
    let rounds: [Arc<AtomicUsize>; 6] = Default::default();
    for (first, requests) in rounds.iter().enumerate() {
        let browser = Browser::signed_in(&nodes[first % 3]).await;
        let use_nodes_in_turn =
            use_nodes_in_turn(browser, addresses, requests.clone(), over.clone());
        going_round.push(tokio::spawn(use_nodes_in_turn));
    }
    let mut idle = Browser::signed_in(&nodes[0]).await;
    for node in addresses {
        idle.left(node).await;
    }

    for node in &mut nodes {
        wait_for_requests(&rounds).await;
        let asked_at = now();
        node.stop();
        assert!(asked_at.elapsed() < STOPS_WITHIN);
        node.restart();
    }
    wait_for_requests(&rounds).await;
    over.store(true, SeqCst);

    for going in going_round {
        going.await.unwrap();
    }
    for node in addresses {
        idle.left(node).await;
    }
}

/// Waits until every user has sent every kind of request to each node once more.
async fn wait_for_requests(rounds: &[Arc<AtomicUsize>]) {
    const REQUESTS: usize = 15;
    let before: Vec<usize> = rounds.iter().map(|round| round.load(SeqCst)).collect();
    until("every user has sent more requests", TIMEOUT, async || {
        let mut counts = rounds.iter().zip(&before);
        counts
            .all(|(round, before)| round.load(SeqCst) >= before + REQUESTS)
            .then_some(())
    })
    .await;
}

/// A user whose requests go to the nodes in turn. A request that fails is sent once more, to the
/// node after it. The requests are counted.
async fn use_nodes_in_turn(
    mut browser: Browser,
    nodes: [SocketAddr; 3],
    count: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
) {
    while !over.load(SeqCst) {
        let requests = count.load(SeqCst);
        let [first, second] = [0, 1].map(|step| nodes[(requests + step) % nodes.len()]);
        let answer = match ask(&mut browser, first, requests).await {
            Ok(answer) if !answer.status.is_server_error() => answer,
            Ok(_) | Err(_) => ask(&mut browser, second, requests).await.unwrap(),
        };
        assert!(answer.is_served(), "{answer:?}");
        count.store(requests + 1, SeqCst);
    }
}

async fn ask(browser: &mut Browser, node: SocketAddr, number: usize) -> Result<Answer, NoAnswer> {
    match number / 3 % 3 {
        0 => browser.visit(node).await,
        1 => browser.keep_alive(node).await,
        _ => browser.ask_status(node).await,
    }
}
