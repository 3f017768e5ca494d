//! What a node makes of a session while it does not hear that another node has ended it.

use std::time::{Duration, Instant};

use dwell::EndReason;
use tokio::time::{sleep, sleep_until};

use crate::harness::{
    Answer, Asking, Browser, Engine, Kind, Link, Node, PATIENCE, STALENESS, Way, until,
};

on_every_engine!(
    a_node_that_was_paused_serves_nothing_that_ended_meanwhile,
    a_node_whose_way_to_the_engine_is_held_serves_nothing_that_ended_meanwhile,
    a_node_whose_way_to_the_engine_is_cut_serves_nothing_that_ended_meanwhile,
    a_node_whose_connections_are_forgotten_serves_nothing_that_has_ended,
    a_node_whose_way_to_the_engine_comes_and_goes_serves_nothing_that_has_ended,
    nodes_whose_connections_are_dropped_serve_nothing_that_has_ended,
);

/// Signs out at `node`, where that may take another try, and tells when that was told.
async fn sign_out(browser: &Browser, node: &Node) -> Instant {
    let mut browser = browser.clone();
    until("the session has ended", PATIENCE, async || {
        let answer = browser.sign_out(node.address).await.unwrap();
        let has_ended = answer.is_served() || answer.is_end(EndReason::SignedOut);
        assert!(has_ended || answer.is_unavailable(), "{answer:?}");
        has_ended.then_some(answer.answered_at)
    })
    .await
}

/// A session that `node` knows well.
async fn known_to(node: &Node, begun_at: &Node) -> Browser {
    let mut browser = Browser::signed_in(begun_at).await;
    for _ in 0..3 {
        assert!(browser.fetch(node.address).await.unwrap().is_served());
    }
    browser
}

/// Whatever else is answered, it is not the page.
fn are_refused(answers: &[Answer], ended_at: Instant) {
    for answer in answers {
        if answer.asked_at > ended_at + STALENESS {
            let is_refused = answer.is_end(EndReason::SignedOut) || answer.is_unavailable();
            let since = answer.asked_at - ended_at;
            assert!(is_refused, "{since:?} after the end: {answer:?}");
        }
    }
}

/// The node refuses what has ended, serves the others and listens again, by itself.
async fn recovers(node: &Node, ended: &Browser, staying: &Browser) {
    let (mut ended, mut staying) = (ended.clone(), staying.clone());
    until("the node is itself again", PATIENCE, async || {
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
    let browser = known_to(&paused, &near).await;
    let staying = known_to(&paused, &near).await;
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
    recovers(&paused, &browser, &staying).await;
}

// C1, C2
async fn a_node_whose_way_to_the_engine_is_held_serves_nothing_that_ended_meanwhile(kind: Kind) {
    apart(kind, Way::Held).await;
}

// C1, C2
async fn a_node_whose_way_to_the_engine_is_cut_serves_nothing_that_ended_meanwhile(kind: Kind) {
    apart(kind, Way::Cut).await;
}

async fn apart(kind: Kind, way: Way) {
    let engine = Engine::shared(kind).await;
    let link = Link::to(engine.port).await;
    let (near, far) = (engine.node(&[]), engine.node_by(&link));
    let staying = known_to(&far, &near).await;
    let browser = known_to(&far, &near).await;

    let asking = Asking::begin(&browser, &[far.address]).await;
    link.set(way);
    let ended_at = sign_out(&browser, &near).await;
    sleep_until((ended_at + 2 * STALENESS).into()).await;
    link.set(Way::Open);
    recovers(&far, &browser, &staying).await;
    are_refused(&asking.end().await, ended_at);
}

// C1, C2
async fn a_node_whose_connections_are_forgotten_serves_nothing_that_has_ended(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let link = Link::to(engine.port).await;
    let (near, far) = (engine.node(&[]), engine.node_by(&link));
    let staying = known_to(&far, &near).await;
    let browser = known_to(&far, &near).await;

    let asking = Asking::begin(&browser, &[far.address]).await;
    link.set(Way::Cut);
    sleep(Duration::from_millis(50)).await;
    // It begins to connect anew, and these connections are lost as well.
    link.set(Way::Held);
    sleep(Duration::from_millis(300)).await;
    link.forget();
    let ended_at = sign_out(&browser, &near).await;
    sleep_until((ended_at + 2 * STALENESS).into()).await;
    recovers(&far, &browser, &staying).await;
    are_refused(&asking.end().await, ended_at);
}

// C1, C2
async fn a_node_whose_way_to_the_engine_comes_and_goes_serves_nothing_that_has_ended(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let link = Link::to(engine.port).await;
    let (near, far) = (engine.node(&[]), engine.node_by(&link));
    let staying = known_to(&far, &near).await;
    for round in 0..6 {
        let browser = Browser::signed_in(&near).await;
        recovers_knowing(&far, &browser).await;
        let asking = Asking::begin(&browser, &[far.address]).await;
        link.set(Way::Cut);
        sleep(Duration::from_millis(40 * round)).await;
        link.set(Way::Open);
        let ended_at = sign_out(&browser, &near).await;
        sleep(Duration::from_millis(40 * round)).await;
        link.set(Way::Held);
        sleep(Duration::from_millis(60 * round)).await;
        link.set(Way::Open);
        recovers(&far, &browser, &staying).await;
        are_refused(&asking.end().await, ended_at);
    }
}

// C1, C2
async fn nodes_whose_connections_are_dropped_serve_nothing_that_has_ended(kind: Kind) {
    let engine = Engine::own(kind).await;
    let [near, far]: [Node; 2] = engine.nodes(&[]);
    let staying = known_to(&far, &near).await;
    for round in 0..6 {
        let browser = Browser::default();
        let browser = until("somebody signs in", PATIENCE, async || {
            let mut browser = browser.clone();
            let answer = browser.sign_in(near.address).await.unwrap();
            answer.is_served().then_some(browser)
        })
        .await;
        recovers_knowing(&far, &browser).await;
        let asking = Asking::begin(&browser, &[far.address]).await;
        engine.drop_connections().await;
        sleep(Duration::from_millis(50 * round)).await;
        let ended_at = sign_out(&browser, &near).await;
        recovers(&far, &browser, &staying).await;
        are_refused(&asking.end().await, ended_at);
    }
}

async fn recovers_knowing(node: &Node, browser: &Browser) {
    let mut browser = browser.clone();
    until("the node serves again", PATIENCE, async || {
        let answer = browser.fetch(node.address).await.unwrap();
        answer.is_served().then_some(())
    })
    .await;
}
