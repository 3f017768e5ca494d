//! What an operator does to sessions with the tools of the engine, while a node serves them.

use std::time::Duration;

use axum::http::StatusCode;

use crate::harness::{Browser, Deed, Engine, Kind, until};

on_every_engine!(what_an_operator_ends_or_deletes_is_not_served_on);
on_engine!(
    sqlite,
    Sqlite,
    what_an_operator_ends_or_deletes_is_not_served_on
);

/// Many times the bound, on a busy machine.
const SOON: Duration = Duration::from_secs(10);

// C1, C6
async fn what_an_operator_ends_or_deletes_is_not_served_on(kind: Kind) {
    let engine = Engine::shared(kind).await;
    let node = engine.node(&[]);
    until("the node listens", SOON, async || {
        node.is_listening().await.then_some(())
    })
    .await;
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
