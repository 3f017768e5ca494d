//! Tests in which an operator changes sessions with the tools of the engine while a node serves
//! them.

use std::time::Duration;

use axum::http::StatusCode;
use tokio::time::sleep;

use crate::harness::{Browser, Engine, Kind, ManualChange, Node, STALENESS, until};

on_every_engine!(
    a_session_that_an_operator_ends_or_deletes_is_not_served,
    a_session_without_requests_meanwhile_is_not_served_once_more,
);
on_engine!(
    sqlite,
    Sqlite,
    a_session_that_an_operator_ends_or_deletes_is_not_served,
    a_session_without_requests_meanwhile_is_not_served_once_more
);

/// Much longer than the change should take to have an effect, even on a busy machine.
const SOON: Duration = Duration::from_secs(10);

// C1, C6
async fn a_session_that_an_operator_ends_or_deletes_is_not_served(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let node = listening(engine.node(&[])).await;
    for change in [ManualChange::End, ManualChange::Delete, ManualChange::Empty] {
        let mut browser = Browser::signed_in(&node).await;
        for _ in 0..3 {
            assert!(browser.fetch(node.address).await.unwrap().is_served());
            assert!(browser.keep_alive(node.address).await.unwrap().is_served());
        }
        engine.change_by_hand(change).await;
        until("the session is not served", SOON, async || {
            let page = browser.fetch(node.address).await.unwrap();
            let report = browser.keep_alive(node.address).await.unwrap();
            let refused = [page, report].map(|answer| {
                assert!(
                    answer.is_served() || answer.status == StatusCode::UNAUTHORIZED,
                    "{change:?} {answer:?}"
                );
                !answer.is_served()
            });
            (refused == [true, true]).then_some(())
        })
        .await;
        let status = browser.ask_status(node.address).await.unwrap();
        assert_eq!(status.status, StatusCode::UNAUTHORIZED, "{change:?}");
    }
}

// C1, C6
/// The last activity is younger than the grace, so the node need not write the next one at once.
async fn a_session_without_requests_meanwhile_is_not_served_once_more(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let node = listening(engine.node(&[("DWELL_GRACE", "1m")])).await;
    for change in [ManualChange::End, ManualChange::Delete, ManualChange::Empty] {
        let mut browsers = Vec::new();
        for _ in 0..4 {
            let mut browser = Browser::signed_in(&node).await;
            assert!(browser.visit(node.address).await.unwrap().is_served());
            assert!(browser.keep_alive(node.address).await.unwrap().is_served());
            browsers.push(browser);
        }
        // By then the node has confirmed the sessions that it served, and has no reason to ask
        // again.
        sleep(2 * STALENESS).await;
        engine.change_by_hand(change).await;
        let [busy, page, report, note] = browsers.as_mut_slice() else {
            panic!("there are not four browsers");
        };
        until(
            "the session that makes requests is refused",
            SOON,
            async || {
                let answer = busy.fetch(node.address).await.unwrap();
                (!answer.is_served()).then_some(())
            },
        )
        .await;
        sleep(STALENESS).await;
        let answers = [
            page.visit(node.address).await.unwrap(),
            report.keep_alive(node.address).await.unwrap(),
            note.write(node.address, "after the end").await.unwrap(),
        ];
        for answer in answers {
            assert!(!answer.is_served(), "{change:?} {answer:?}");
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
