//! Tests of one session that three nodes serve.

use std::time::Duration;

use axum::http::header;
use dwell::EndReason;

use crate::harness::{Browser, Engine, Kind, Node, STALENESS, TIMEOUT, until};

on_every_engine!(a_session_is_begun_extended_and_ended_on_different_nodes);

const LIMITS: [(&str, &str); 4] = [
    ("DWELL_IDLE_TIMEOUT", "10s"),
    ("DWELL_ABSOLUTE_TIMEOUT", "120s"),
    ("DWELL_WARNING", "5s"),
    ("DWELL_GRACE", "1s"),
];

/// The engine counts whole milliseconds.
const ROUNDING: Duration = Duration::from_millis(5);

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
    let before = until("time passes", TIMEOUT, async || {
        let left = browser.left(three).await;
        (left.idle_remaining + interval < told.idle_remaining).then_some(left)
    })
    .await;

    let kept_alive = browser.keep_alive(two).await.unwrap();
    assert!(kept_alive.is_served());
    for node in [one, two, three] {
        let left = browser.left(node).await;
        let since = kept_alive.asked_at.elapsed();
        assert!(left.idle_remaining + since + ROUNDING >= told.idle_remaining);
        assert!(left.absolute_remaining <= before.absolute_remaining);
    }

    let signed_out = browser.sign_out(three).await.unwrap();
    assert!(signed_out.is_served());
    for node in [one, two, three] {
        let reason = EndReason::SignedOut;
        until("the node refuses the session", TIMEOUT, async || {
            let answer = browser.fetch(node).await.unwrap();
            let is_in_time = answer.asked_at <= signed_out.answered_at + STALENESS;
            assert!(is_in_time || answer.is_end(reason), "{answer:?}");
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
