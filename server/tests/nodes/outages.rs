//! Tests with an engine that has crashed or does not answer.

use std::{net::SocketAddr, time::Duration};

use dwell::EndReason;
use tokio::time::sleep;

use crate::harness::{
    Answer, BackgroundRequests, Browser, EMAIL, Engine, Kind, NoAnswer, Node, STALENESS, TIMEOUT,
    now, until,
};

on_every_engine!(
    a_crash_of_the_engine_denies_and_loses_nothing,
    an_engine_that_hangs_denies_and_loses_nothing,
);

const NOTE: &str = "a note that is nobody else's business";
const STORE_TIMEOUT: Duration = Duration::from_secs(3);
/// How much longer a busy machine may take. A request that waits for the timeout twice takes longer
/// than this.
const SLACK: Duration = Duration::from_millis(2_500);

// A11, C1
async fn a_crash_of_the_engine_denies_and_loses_nothing(kind: Kind) {
    outage(kind, Engine::crash, Engine::restart).await;
}

// A11, C1
async fn an_engine_that_hangs_denies_and_loses_nothing(kind: Kind) {
    outage(kind, Engine::hang, Engine::resume).await;
}

async fn outage(kind: Kind, begin: fn(&mut Engine), end: fn(&mut Engine)) {
    let mut engine = Engine::own(kind).await;
    let nodes: [Node; 2] = engine.nodes(&[("DWELL_STORE_TIMEOUT", "3s")]);
    let [one, other] = nodes.each_ref().map(|node| node.address);
    let mut browser = Browser::signed_in(&nodes[0]).await;
    assert_eq!(browser.write(other, NOTE).await.unwrap().status, 303);
    let mut ended = Browser::signed_in(&nodes[1]).await;
    assert!(ended.sign_out(one).await.unwrap().is_served());
    let before = browser.left(one).await;

    let background_requests = BackgroundRequests::begin(&browser, &[one, other]).await;
    begin(&mut engine);
    let gone_at = now();
    // Long enough to distinguish requests that wait for the engine from those that wait for the
    // timeout.
    sleep(STORE_TIMEOUT + SLACK).await;
    tokio::join!(assert_denied(&browser, one), assert_denied(&browser, other));
    let back_at = now();
    end(&mut engine);

    for node in [one, other] {
        until("the node is ready", TIMEOUT, async || {
            let answer = browser.probe(node, "/readyz").await.unwrap();
            answer.is_served().then_some(())
        })
        .await;
    }
    let answers = background_requests.end().await;
    for node in [one, other] {
        let page = browser.fetch(node).await.unwrap();
        assert!(page.is_served() && page.body.contains(NOTE), "{page:?}");
        let answer = ended.fetch(node).await.unwrap();
        assert!(answer.is_end(EndReason::SignedOut), "{answer:?}");
        let after = browser.left(node).await;
        assert!(after.idle_remaining < before.idle_remaining);
    }
    assert!(browser.keep_alive(one).await.unwrap().is_served());
    for answer in answers {
        // Only the time during the outage counts: once the engine is back, the operations of a
        // request may take long, one after the other.
        let waited = answer
            .answered_at
            .min(back_at)
            .saturating_duration_since(answer.asked_at);
        assert!(waited < STORE_TIMEOUT + SLACK, "{waited:?}");
        if answer.is_served() {
            let was_gone = answer.asked_at > gone_at + STALENESS;
            assert!(!was_gone || answer.answered_at > back_at, "{answer:?}");
        } else {
            assert_reveals_nothing(&answer);
        }
    }
}

/// Asserts that all requests that depend on the session are denied, sending them at the same time.
async fn assert_denied(browser: &Browser, node: SocketAddr) {
    let [
        mut one,
        mut two,
        mut three,
        mut four,
        mut five,
        mut six,
        mut seven,
        mut eight,
    ] = std::array::from_fn(|_| browser.clone());
    let answers: [Result<Answer, NoAnswer>; 8] = tokio::join!(
        one.fetch(node),
        two.visit(node),
        three.ask_status(node),
        four.keep_alive(node),
        five.write(node, "another note"),
        six.sign_out(node),
        seven.sign_in(node),
        eight.probe(node, "/readyz"),
    )
    .into();
    for answer in answers {
        assert_reveals_nothing(&answer.unwrap());
    }
    let alive = one.probe(node, "/healthz").await.unwrap();
    assert!(alive.is_served(), "{alive:?}");
}

fn assert_reveals_nothing(answer: &Answer) {
    assert!(answer.is_unavailable(), "{answer:?}");
    assert!(!answer.body.contains(NOTE) && !answer.body.contains(EMAIL));
    assert!(!answer.headers.contains_key("set-cookie"));
}
