//! What an operator does to sessions with the tools of the engine, while a node serves them.

use std::time::Duration;

use axum::http::StatusCode;
use tokio::time::sleep;

use crate::harness::{Browser, Deed, Engine, Kind, Node, STALENESS, until};

on_every_engine!(
    what_an_operator_ends_or_deletes_is_not_served_on,
    whoever_was_quiet_meanwhile_is_not_served_once_more,
);
on_engine!(
    sqlite,
    Sqlite,
    what_an_operator_ends_or_deletes_is_not_served_on,
    whoever_was_quiet_meanwhile_is_not_served_once_more
);

/// Many times the bound, on a busy machine.
const SOON: Duration = Duration::from_secs(10);

// C1, C6
async fn what_an_operator_ends_or_deletes_is_not_served_on(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let node = listening(engine.node(&[])).await;
    for deed in [Deed::End, Deed::Delete, Deed::Empty] {
        let mut browser = Browser::signed_in(&node).await;
        for _ in 0..3 {
            assert!(browser.fetch(node.address).await.unwrap().is_served());
            assert!(browser.keep_alive(node.address).await.unwrap().is_served());
        }
        engine.by_hand(deed).await;
        until("the session is not served", SOON, async || {
            let page = browser.fetch(node.address).await.unwrap();
            let report = browser.keep_alive(node.address).await.unwrap();
            let refused = [page, report].map(|answer| {
                assert!(
                    answer.is_served() || answer.status == StatusCode::UNAUTHORIZED,
                    "{deed:?} {answer:?}"
                );
                !answer.is_served()
            });
            (refused == [true, true]).then_some(())
        })
        .await;
        let status = browser.ask_status(node.address).await.unwrap();
        assert_eq!(status.status, StatusCode::UNAUTHORIZED, "{deed:?}");
    }
}

// C1, C6
/// The last activity is younger than the grace, so the node need not tell the store of the next.
async fn whoever_was_quiet_meanwhile_is_not_served_once_more(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let node = listening(engine.node(&[("DWELL_GRACE", "1m")])).await;
    for deed in [Deed::End, Deed::Delete, Deed::Empty] {
        let mut browsers = Vec::new();
        for _ in 0..4 {
            let mut browser = Browser::signed_in(&node).await;
            assert!(browser.visit(node.address).await.unwrap().is_served());
            assert!(browser.keep_alive(node.address).await.unwrap().is_served());
            browsers.push(browser);
        }
        // The node has made sure of what it served, and has no reason to ask again.
        sleep(2 * STALENESS).await;
        engine.by_hand(deed).await;
        let [busy, page, report, note] = browsers.as_mut_slice() else {
            panic!("four have signed in");
        };
        until("the one that is not quiet is refused", SOON, async || {
            let answer = busy.fetch(node.address).await.unwrap();
            (!answer.is_served()).then_some(())
        })
        .await;
        sleep(STALENESS).await;
        let answers = [
            page.visit(node.address).await.unwrap(),
            report.keep_alive(node.address).await.unwrap(),
            note.write(node.address, "after the end").await.unwrap(),
        ];
        for answer in answers {
            assert!(!answer.is_served(), "{deed:?} {answer:?}");
        }
    }
}

async fn listening(node: Node) -> Node {
    until("the node listens", SOON, async || {
        node.is_listening().await.then_some(())
    })
    .await;
    node
}
