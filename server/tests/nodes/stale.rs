//! Tests with a node that is not informed that another node has ended a session.

use std::time::{Duration, Instant};

use dwell::EndReason;
use tokio::time::{sleep, sleep_until};

use crate::harness::{
    Answer, BackgroundRequests, Browser, Engine, Kind, LinkState, NetworkLink, Node, STALENESS,
    TIMEOUT, until,
};

on_every_engine!(
    a_node_that_was_paused_serves_nothing_that_ended_meanwhile,
    a_node_whose_link_is_held_serves_nothing_that_ended_meanwhile,
    a_node_whose_link_is_cut_serves_nothing_that_ended_meanwhile,
    a_node_whose_connections_freeze_serves_nothing_that_has_ended,
    a_node_whose_link_is_interrupted_repeatedly_serves_nothing_that_has_ended,
    nodes_whose_connections_are_dropped_serve_nothing_that_has_ended,
);

/// Signs out at `node`, repeatedly if necessary, and returns when the node confirmed it.
async fn sign_out(browser: &Browser, node: &Node) -> Instant {
    let mut browser = browser.clone();
    until("the session has ended", TIMEOUT, async || {
        let answer = browser.sign_out(node.address).await.unwrap();
        let has_ended = answer.is_served() || answer.is_end(EndReason::SignedOut);
        assert!(has_ended || answer.is_unavailable(), "{answer:?}");
        has_ended.then_some(answer.answered_at)
    })
    .await
}

/// A session that `node` has in its index.
async fn indexed_at(node: &Node, begun_at: &Node) -> Browser {
    let mut browser = Browser::signed_in(begun_at).await;
    for _ in 0..3 {
        assert!(browser.fetch(node.address).await.unwrap().is_served());
    }
    browser
}

/// Asserts that no request after the end was served.
fn assert_refused(answers: &[Answer], ended_at: Instant) {
    for answer in answers {
        if answer.asked_at > ended_at + STALENESS {
            let is_refused = answer.is_end(EndReason::SignedOut) || answer.is_unavailable();
            let since = answer.asked_at - ended_at;
            assert!(is_refused, "{since:?} after the end: {answer:?}");
        }
    }
}

/// Waits until the node refuses the session that has ended, serves the other one, and receives
/// reports of ends again.
async fn wait_until_recovered(node: &Node, ended: &Browser, staying: &Browser) {
    let (mut ended, mut staying) = (ended.clone(), staying.clone());
    until("the node has recovered", TIMEOUT, async || {
        let refused = ended.fetch(node.address).await.unwrap();
        let served = staying.fetch(node.address).await.unwrap();
        assert!(served.is_served() || served.is_unavailable(), "{served:?}");
        let is_right = refused.is_end(EndReason::SignedOut) && served.is_served();
        (is_right && node.is_listening().await).then_some(())
    })
    .await;
}

// C1, C2
async fn a_node_that_was_paused_serves_nothing_that_ended_meanwhile(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let [near, mut paused]: [Node; 2] = engine.nodes(&[]);
    let browser = indexed_at(&paused, &near).await;
    let staying = indexed_at(&paused, &near).await;
    let mut tabs: [Browser; 4] = std::array::from_fn(|_| browser.clone());
    for tab in &mut tabs {
        assert!(tab.fetch(paused.address).await.unwrap().is_served());
    }

    paused.pause();
    let ended_at = sign_out(&browser, &near).await;
    sleep_until((ended_at + STALENESS).into()).await;
    let address = paused.address;
    let waiting = tabs.map(|mut tab| tokio::spawn(async move { tab.fetch(address).await }));
    sleep(STALENESS).await;
    paused.resume();
    for answer in waiting {
        let answer = answer.await.unwrap().unwrap();
        assert!(answer.is_end(EndReason::SignedOut), "{answer:?}");
    }
    wait_until_recovered(&paused, &browser, &staying).await;
}

// C1, C2
async fn a_node_whose_link_is_held_serves_nothing_that_ended_meanwhile(kind: Kind) {
    sign_out_while(kind, LinkState::Held).await;
}

// C1, C2
async fn a_node_whose_link_is_cut_serves_nothing_that_ended_meanwhile(kind: Kind) {
    sign_out_while(kind, LinkState::Cut).await;
}

async fn sign_out_while(kind: Kind, state: LinkState) {
    let engine = Engine::shared(kind).await;
    let link = NetworkLink::to(engine.port).await;
    let (near, far) = (engine.node(&[]), engine.node_through(&link));
    let staying = indexed_at(&far, &near).await;
    let browser = indexed_at(&far, &near).await;

    let background_requests = BackgroundRequests::begin(&browser, &[far.address]).await;
    link.set(state);
    let ended_at = sign_out(&browser, &near).await;
    sleep_until((ended_at + 2 * STALENESS).into()).await;
    link.set(LinkState::Open);
    wait_until_recovered(&far, &browser, &staying).await;
    assert_refused(&background_requests.end().await, ended_at);
}

// C1, C2
async fn a_node_whose_connections_freeze_serves_nothing_that_has_ended(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let link = NetworkLink::to(engine.port).await;
    let (near, far) = (engine.node(&[]), engine.node_through(&link));
    let staying = indexed_at(&far, &near).await;
    let browser = indexed_at(&far, &near).await;

    let background_requests = BackgroundRequests::begin(&browser, &[far.address]).await;
    link.set(LinkState::Cut);
    sleep(Duration::from_millis(50)).await;
    // The node begins to reconnect, and these connections freeze as well.
    link.set(LinkState::Held);
    sleep(Duration::from_millis(300)).await;
    link.freeze_connections();
    let ended_at = sign_out(&browser, &near).await;
    sleep_until((ended_at + 2 * STALENESS).into()).await;
    wait_until_recovered(&far, &browser, &staying).await;
    assert_refused(&background_requests.end().await, ended_at);
}

// C1, C2
async fn a_node_whose_link_is_interrupted_repeatedly_serves_nothing_that_has_ended(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let link = NetworkLink::to(engine.port).await;
    let (near, far) = (engine.node(&[]), engine.node_through(&link));
    let staying = indexed_at(&far, &near).await;
    for round in 0..6 {
        let browser = Browser::signed_in(&near).await;
        wait_until_indexed(&far, &browser).await;
        let background_requests = BackgroundRequests::begin(&browser, &[far.address]).await;
        link.set(LinkState::Cut);
        sleep(Duration::from_millis(40 * round)).await;
        link.set(LinkState::Open);
        let ended_at = sign_out(&browser, &near).await;
        sleep(Duration::from_millis(40 * round)).await;
        link.set(LinkState::Held);
        sleep(Duration::from_millis(60 * round)).await;
        link.set(LinkState::Open);
        wait_until_recovered(&far, &browser, &staying).await;
        assert_refused(&background_requests.end().await, ended_at);
    }
}

// C1, C2
async fn nodes_whose_connections_are_dropped_serve_nothing_that_has_ended(kind: Kind) {
    let engine = Engine::own(kind).await;
    let [near, far]: [Node; 2] = engine.nodes(&[]);
    let staying = indexed_at(&far, &near).await;
    for round in 0..6 {
        let browser = Browser::default();
        let browser = until("somebody signs in", TIMEOUT, async || {
            let mut browser = browser.clone();
            let answer = browser.sign_in(near.address).await.unwrap();
            answer.is_served().then_some(browser)
        })
        .await;
        wait_until_indexed(&far, &browser).await;
        let background_requests = BackgroundRequests::begin(&browser, &[far.address]).await;
        engine.drop_connections().await;
        sleep(Duration::from_millis(50 * round)).await;
        let ended_at = sign_out(&browser, &near).await;
        wait_until_recovered(&far, &browser, &staying).await;
        assert_refused(&background_requests.end().await, ended_at);
    }
}

async fn wait_until_indexed(node: &Node, browser: &Browser) {
    let mut browser = browser.clone();
    until("the node serves again", TIMEOUT, async || {
        let answer = browser.fetch(node.address).await.unwrap();
        answer.is_served().then_some(())
    })
    .await;
}
