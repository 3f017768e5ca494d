//! An engine that is gone, or says nothing.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use dwell_session::EndReason;
use tokio::{task::JoinHandle, time::sleep};

use crate::harness::{Answer, Browser, EMAIL, Engine, Kind, Node, STALENESS, now, until};

on_every_engine!(
    a_crash_of_the_engine_denies_and_loses_nothing,
    an_engine_that_hangs_denies_and_loses_nothing,
);

const NOTE: &str = "a note that is nobody else's business";
const STORE_TIMEOUT: Duration = Duration::from_secs(1);
/// What a machine with other things to do takes to answer.
const SLACK: Duration = Duration::from_secs(1);
const RECOVERS_WITHIN: Duration = Duration::from_secs(10);

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
    let nodes: [Node; 2] = engine.nodes(&[]);
    let [one, other] = nodes.each_ref().map(|node| node.address);
    let mut browser = Browser::signed_in(&nodes[0]).await;
    assert_eq!(browser.write(other, NOTE).await.unwrap().status, 303);
    let mut ended = Browser::signed_in(&nodes[1]).await;
    assert!(ended.sign_out(one).await.unwrap().is_served());
    let before = browser.left(one).await;

    let over = Arc::new(AtomicBool::new(false));
    let asking: Vec<_> = [one, other, one, other]
        .map(|node| ask(browser.clone(), node, over.clone()))
        .into();
    sleep(Duration::from_millis(200)).await;
    begin(&mut engine);
    let gone_at = now();
    sleep(STALENESS).await;
    for node in [one, other] {
        denies(&mut browser, node).await;
    }
    let back_at = now();
    end(&mut engine);

    for node in [one, other] {
        until("the node is ready", RECOVERS_WITHIN, async || {
            let answer = browser.probe(node, "/readyz").await.unwrap();
            answer.is_served().then_some(())
        })
        .await;
    }
    over.store(true, SeqCst);
    for node in [one, other] {
        let page = browser.fetch(node).await.unwrap();
        assert!(page.is_served() && page.body.contains(NOTE), "{page:?}");
        let answer = ended.fetch(node).await.unwrap();
        assert!(answer.is_end(EndReason::SignedOut), "{answer:?}");
        let after = browser.left(node).await;
        assert!(after.idle_remaining < before.idle_remaining);
    }
    assert!(browser.keep_alive(one).await.unwrap().is_served());
    for asking in asking {
        for answer in asking.await.unwrap() {
            let took = answer.answered_at - answer.asked_at;
            assert!(took < STORE_TIMEOUT + SLACK, "{took:?}");
            let was_gone = answer.asked_at > gone_at + STALENESS && answer.answered_at < back_at;
            match answer.is_served() {
                true => assert!(!was_gone, "served from an engine that is gone"),
                false => tells_nothing(&answer),
            }
        }
    }
}

/// Everything that depends on the session.
async fn denies(browser: &mut Browser, node: SocketAddr) {
    for answer in [
        browser.fetch(node).await.unwrap(),
        browser.visit(node).await.unwrap(),
        browser.ask_status(node).await.unwrap(),
        browser.keep_alive(node).await.unwrap(),
        browser.write(node, "another note").await.unwrap(),
        browser.sign_out(node).await.unwrap(),
        browser.clone().sign_in(node).await.unwrap(),
    ] {
        tells_nothing(&answer);
    }
    let ready = browser.probe(node, "/readyz").await.unwrap();
    assert!(ready.is_unavailable(), "{ready:?}");
    let alive = browser.probe(node, "/healthz").await.unwrap();
    assert!(alive.is_served(), "{alive:?}");
}

fn tells_nothing(answer: &Answer) {
    assert!(answer.is_unavailable(), "{answer:?}");
    assert!(!answer.body.contains(NOTE) && !answer.body.contains(EMAIL));
    assert!(!answer.headers.contains_key("set-cookie"));
}

/// Asks for the page with the note without pause.
fn ask(mut browser: Browser, node: SocketAddr, over: Arc<AtomicBool>) -> JoinHandle<Vec<Answer>> {
    tokio::spawn(async move {
        let mut answers = Vec::new();
        while !over.load(SeqCst) {
            answers.push(browser.fetch(node).await.unwrap());
        }
        answers
    })
}
