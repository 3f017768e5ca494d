//! One session on three nodes.

use std::time::Duration;

use axum::http::header;
use dwell_session::EndReason;

use crate::harness::{Browser, Engine, Kind, Node, STALENESS, until};

on_every_engine!(a_session_is_begun_extended_and_ended_on_different_nodes);

const LIMITS: [(&str, &str); 4] = [
    ("DWELL_IDLE_TIMEOUT", "10s"),
    ("DWELL_ABSOLUTE_TIMEOUT", "120s"),
    ("DWELL_WARNING", "5s"),
    ("DWELL_GRACE", "1s"),
];

// C1, C7, C9
async fn a_session_is_begun_extended_and_ended_on_different_nodes(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let nodes: [Node; 3] = engine.nodes(&LIMITS);
    let [one, two, three] = nodes.each_ref().map(|node| node.address);

    let mut browser = Browser::signed_in(&nodes[0]).await;
    let told = browser.left(one).await;
    let interval = told.touch_interval;
    for node in [one, two, three] {
        assert!(browser.visit(node).await.unwrap().is_served());
    }
    let before = until("time passes", 4 * interval, async || {
        let left = browser.left(three).await;
        (left.idle_remaining + interval < told.idle_remaining).then_some(left)
    })
    .await;

    assert!(browser.keep_alive(two).await.unwrap().is_served());
    let slack = Duration::from_millis(200);
    for node in [one, two, three] {
        let left = browser.left(node).await;
        assert!(left.idle_remaining > before.idle_remaining + interval - slack);
        assert!(left.absolute_remaining <= before.absolute_remaining);
    }

    assert!(browser.sign_out(three).await.unwrap().is_served());
    for node in [one, two, three] {
        let reason = EndReason::SignedOut;
        until("the end is heard of", STALENESS, async || {
            let answer = browser.fetch(node).await.unwrap();
            answer.is_end(reason).then_some(())
        })
        .await;
        for answer in [
            browser.ask_status(node).await.unwrap(),
            browser.keep_alive(node).await.unwrap(),
            browser.fetch(node).await.unwrap(),
            browser.write(node, "a note").await.unwrap(),
        ] {
            assert!(answer.is_end(reason), "{answer:?}");
        }
        let answer = browser.visit(node).await.unwrap();
        assert!(
            answer
                .header(header::LOCATION)
                .starts_with("/sign-in?next="),
            "{answer:?}"
        );
    }
}
