//! Tests that a node which is killed takes back almost nothing of the time that browsers were told.

use std::time::{Duration, Instant};

use crate::harness::{Browser, Engine, Kind, Node, until};

on_every_engine!(a_killed_node_takes_back_no_more_than_the_grace);
on_engine!(
    sqlite,
    Sqlite,
    a_killed_node_takes_back_no_more_than_the_grace
);

const IDLE: Duration = Duration::from_secs(600);
const GRACE: Duration = Duration::from_secs(1);
const LIMITS: [(&str, &str); 4] = [
    ("DWELL_IDLE_TIMEOUT", "10m"),
    ("DWELL_ABSOLUTE_TIMEOUT", "2h"),
    ("DWELL_WARNING", "2m"),
    ("DWELL_GRACE", "1s"),
];
/// The engine counts whole milliseconds.
const ROUNDING: Duration = Duration::from_millis(5);

async fn a_killed_node_takes_back_no_more_than_the_grace(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let mut node = engine.node(&LIMITS);
    for is_page in [false, true] {
        for waited in [GRACE / 3, GRACE * 3 / 2, GRACE * 3] {
            let mut browser = Browser::signed_in(&node).await;
            let begun = browser.left(node.address).await.idle_remaining;
            until("time passes", GRACE * 30, async || {
                let left = browser.left(node.address).await.idle_remaining;
                (left + waited <= begun).then_some(())
            })
            .await;
            let active_at = be_active(&mut browser, &node, is_page).await;
            node.kill();
            node.restart();

            let answer = browser.ask_status(node.address).await.unwrap();
            let since = active_at.elapsed();
            assert!(answer.is_served(), "{answer:?}");
            let left = browser.left(node.address).await.idle_remaining;
            let told = IDLE - GRACE;
            let since = since.max(active_at.elapsed());
            assert!(
                left + since + GRACE + ROUNDING >= told,
                "{left:?} are left of {told:?} after {since:?}"
            );
        }
    }
}

/// Is active by a page or by a keep-alive, and returns when the request was sent.
async fn be_active(browser: &mut Browser, node: &Node, is_page: bool) -> Instant {
    let answer = match is_page {
        true => browser.visit(node.address).await.unwrap(),
        false => browser.keep_alive(node.address).await.unwrap(),
    };
    assert!(answer.is_served(), "{answer:?}");
    answer.asked_at
}
