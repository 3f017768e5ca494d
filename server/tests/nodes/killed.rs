//! Tests with a node that is killed while it works.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use dwell::EndReason;
use tokio::time::sleep;

use crate::harness::{Browser, Engine, Kind, Node, TIMEOUT, now, until};

on_every_engine!(a_killed_node_brings_nothing_back_and_loses_one_touch_interval_at_most);

/// Longer than a busy machine needs to start a node again.
const IDLE: Duration = Duration::from_secs(30);
const TOUCH_INTERVAL: Duration = Duration::from_secs(3);
const GRACE: Duration = Duration::from_secs(1);
const LIMITS: [(&str, &str); 4] = [
    ("DWELL_IDLE_TIMEOUT", "30s"),
    ("DWELL_ABSOLUTE_TIMEOUT", "400s"),
    ("DWELL_WARNING", "5s"),
    ("DWELL_GRACE", "1s"),
];
/// How many users have to have signed out before the node is killed.
const SIGN_OUTS: usize = 10;
/// The engine counts whole milliseconds.
const ROUNDING: Duration = Duration::from_millis(5);

// C1, C2, A10
async fn a_killed_node_brings_nothing_back_and_loses_one_touch_interval_at_most(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let mut nodes: [Node; 2] = engine.nodes(&LIMITS);
    let [one, other] = nodes.each_ref().map(|node| node.address);
    let over = Arc::new(AtomicBool::new(false));
    let signed_out = Arc::new(AtomicUsize::new(0));
    let mut working = Vec::new();
    for user in 0..6 {
        let node = &nodes[user % 2];
        let begun = now();
        let browser = Browser::signed_in(node).await;
        working.push(tokio::spawn(work(
            browser,
            begun,
            node.address,
            over.clone(),
        )));
    }
    let leaving = [(one, other), (other, one), (one, one), (other, other)].map(|(from, to)| {
        tokio::spawn(sign_in_and_out(from, to, signed_out.clone(), over.clone()))
    });

    // By then some touches have been written, and others are pending.
    sleep(TOUCH_INTERVAL * 5 / 2).await;
    until("some have signed out", TIMEOUT, async || {
        (signed_out.load(SeqCst) > SIGN_OUTS).then_some(())
    })
    .await;
    nodes[1].kill();
    over.store(true, SeqCst);
    let mut users = Vec::new();
    for working in working {
        users.push(working.await.unwrap());
    }
    let mut ended = Vec::new();
    for leaving in leaving {
        ended.extend(leaving.await.unwrap());
    }
    nodes[1].restart();

    for node in [one, other] {
        for (browser, active_at) in &mut users {
            let answer = browser.ask_status(node).await.unwrap();
            assert!(answer.is_served(), "{answer:?}");
            let left = browser.left(node).await.idle_remaining;
            let since = active_at.elapsed();
            assert!(
                left + GRACE + TOUCH_INTERVAL + since + ROUNDING >= IDLE,
                "{left:?} are left {since:?} after the last activity"
            );
        }
        for browser in &mut ended {
            let answer = browser.fetch(node).await.unwrap();
            assert!(answer.is_end(EndReason::SignedOut), "{answer:?}");
        }
    }
}

/// A user who signed in after `active_at` and is active at `node` until it is `over`. Returns when
/// the last activity that was confirmed took place.
async fn work(
    mut browser: Browser,
    mut active_at: Instant,
    node: SocketAddr,
    over: Arc<AtomicBool>,
) -> (Browser, Instant) {
    while !over.load(SeqCst) {
        let answers = [browser.keep_alive(node).await, browser.visit(node).await];
        for answer in answers.into_iter().flatten() {
            assert!(answer.is_served(), "{answer:?}");
            active_at = answer.asked_at;
        }
    }
    (browser, active_at)
}

/// Users who sign in at one node and sign out at another. Returns those whose sign-out was
/// confirmed.
async fn sign_in_and_out(
    from: SocketAddr,
    to: SocketAddr,
    signed_out: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
) -> Vec<Browser> {
    let mut ended = Vec::new();
    while !over.load(SeqCst) {
        let mut browser = Browser::default();
        if browser.sign_in(from).await.is_ok()
            && browser.keep_alive(from).await.is_ok()
            && browser.fetch(to).await.is_ok()
            && let Ok(answer) = browser.sign_out(to).await
        {
            assert!(answer.is_served(), "{answer:?}");
            ended.push(browser);
            signed_out.fetch_add(1, SeqCst);
        }
    }
    ended
}
