//! How soon an end holds on the nodes that did not carry it out.

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

/// Ends session after session, each on another node, while all others are asked for its page
/// without pause.
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
        let mut asking = Vec::new();
        for node in nodes.iter().filter(|node| node.address != ending) {
            let mut browser = browser.clone();
            for _ in 0..3 {
                assert!(browser.fetch(node.address).await.unwrap().is_served());
            }
            asking.push(tokio::spawn(ask(browser, node.address, told.clone())));
        }
        let ended_at = end(&browser, ending).await;
        tell.send_replace(Some(ended_at));
        for asking in asking {
            let (served_for, refused_for) = asking.await.unwrap();
            assert_eq!(refused_for, reason);
            figures.add(served_for);
        }
        let answer = browser.clone().ask_status(ending).await.unwrap();
        assert!(answer.is_end(reason), "{answer:?}");
    }
    eprintln!("{kind:?}, {reason}: served elsewhere after the end: {figures}");
    assert!(figures.max() < STALENESS, "{figures}");
}

/// Asks `node` without pause until it has refused for good. Tells for how long after the end it
/// still served, counted to the last question that it answered with the page, and why it refused.
/// How long an answer was on its way says how busy the machine is, and nothing of the node.
async fn ask(
    mut browser: Browser,
    node: SocketAddr,
    ended: watch::Receiver<Option<Instant>>,
) -> (Duration, EndReason) {
    const FOR_GOOD: u32 = 5;
    let mut last_served = None;
    let mut refusals = 0;
    loop {
        let answer = browser.fetch(node).await.unwrap();
        let ended_at = *ended.borrow();
        if answer.is_served() {
            assert_eq!(refusals, 0, "it was refused, and is served again");
            let is_for_ever = ended_at.is_some_and(|at| answer.asked_at > at + 2 * STALENESS);
            assert!(!is_for_ever, "it serves on and on");
            last_served = Some(answer);
            continue;
        }
        let Status::Ended { reason } = answer.told() else {
            panic!("{answer:?}");
        };
        refusals += 1;
        if let Some(ended_at) = ended_at.filter(|_| refusals >= FOR_GOOD) {
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
