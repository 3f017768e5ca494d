//! Measures how soon the end of a session takes effect on the nodes that did not carry it out.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use dwell::{EndReason, Status};
use tokio::sync::watch;

use crate::harness::{Browser, Engine, Figures, Kind, Node, STALENESS};

on_every_engine!(
    a_sign_out_holds_everywhere,
    a_revocation_holds_everywhere,
    a_rotation_holds_everywhere,
);

// C1, C2
async fn a_sign_out_holds_everywhere(kind: Kind) {
    measure(kind, EndReason::SignedOut, async |browser, node| {
        let answer = browser.clone().sign_out(node).await.unwrap();
        assert!(answer.is_served(), "{answer:?}");
        answer.answered_at
    })
    .await;
}

// C5
async fn a_revocation_holds_everywhere(kind: Kind) {
    measure(kind, EndReason::Revoked, async |_, node| {
        let mut elsewhere = Browser::default();
        elsewhere.sign_in(node).await.unwrap();
        let answer = elsewhere.sign_out_others(node).await.unwrap();
        assert_eq!(answer.status, 303, "{answer:?}");
        answer.answered_at
    })
    .await;
}

// D1
async fn a_rotation_holds_everywhere(kind: Kind) {
    measure(kind, EndReason::Replaced, async |browser, node| {
        let answer = browser.clone().sign_in(node).await.unwrap();
        assert!(answer.is_served(), "{answer:?}");
        answer.answered_at
    })
    .await;
}

/// Ends one session after the other, each on another node, while all other nodes are asked for its
/// page without pause.
async fn measure(
    kind: Kind,
    reason: EndReason,
    mut end: impl AsyncFnMut(&Browser, SocketAddr) -> Instant,
) {
    let engine = Engine::shared(kind).await;
    let nodes: [Node; 3] = engine.nodes(&[]);
    let mut figures = Figures::default();
    for round in 0..repeats() {
        let ending = nodes[round % nodes.len()].address;
        let browser = Browser::signed_in(&nodes[(round + 1) % nodes.len()]).await;
        let (tell, told) = watch::channel(None);
        let mut tasks = Vec::new();
        for node in nodes.iter().filter(|node| node.address != ending) {
            let mut browser = browser.clone();
            for _ in 0..3 {
                assert!(browser.fetch(node.address).await.unwrap().is_served());
            }
            tasks.push(tokio::spawn(ask(browser, node.address, told.clone())));
        }
        let ended_at = end(&browser, ending).await;
        tell.send_replace(Some(ended_at));
        for task in tasks {
            let (served_for, refused_for) = task.await.unwrap();
            assert_eq!(refused_for, reason);
            figures.add(served_for);
        }
        let answer = browser.clone().ask_status(ending).await.unwrap();
        assert!(answer.is_end(reason), "{answer:?}");
    }
    eprintln!("{kind:?}, {reason}: served elsewhere after the end: {figures}");
    assert!(figures.max() < STALENESS, "{figures}");
}

/// Asks `node` without pause until it refuses every request. Returns for how long after the end it
/// still served, and the reason of its refusals. The time is counted to when the last request that
/// was served was sent, because the time until its answer only shows how busy the machine is.
async fn ask(
    mut browser: Browser,
    node: SocketAddr,
    ended: watch::Receiver<Option<Instant>>,
) -> (Duration, EndReason) {
    const REFUSALS: u32 = 5;
    let mut last_served = None;
    let mut refusals = 0;
    loop {
        let answer = browser.fetch(node).await.unwrap();
        let ended_at = *ended.borrow();
        if answer.is_served() {
            assert_eq!(refusals, 0, "the session was refused, and is served again");
            let is_too_late = ended_at.is_some_and(|at| answer.asked_at > at + 2 * STALENESS);
            assert!(!is_too_late, "the node does not stop serving the session");
            last_served = Some(answer);
            continue;
        }
        let Status::Ended { reason } = answer.session_status() else {
            panic!("{answer:?}");
        };
        refusals += 1;
        if let Some(ended_at) = ended_at.filter(|_| refusals >= REFUSALS) {
            let served_for = last_served.map_or(Duration::ZERO, |served| {
                served.asked_at.saturating_duration_since(ended_at)
            });
            return (served_for, reason);
        }
    }
}

fn repeats() -> usize {
    let repeats = std::env::var("NODES_REPEATS").ok();
    repeats.map_or(20, |repeats| repeats.parse().unwrap())
}
