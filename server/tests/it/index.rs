//! Tests of the index, from which requests are served without asking the store.

use dwell::EndReason;
use dwell_app::api::KeepAlive;
use leptos::server_fn::ServerFn as _;
use serde_json::json;

use crate::harness::Probe;

#[tokio::test]
async fn a_session_that_has_been_seen_is_served_without_asking_the_store() {
    let (app, probe) = Probe::app_with_reports().await;
    let mut browser = app.in_session().await;
    let generation = browser.generation().await.to_string();
    let report = json!({ "idle_for_ms": 0 });
    let before = probe.calls();
    for _ in 0..20 {
        app.advance_ms(100);
        assert_eq!(browser.visit("/workspace").await.status, 200);
        assert_eq!(browser.fetch("/workspace").await.status, 200);
        let told = browser.call(KeepAlive::PATH, Some(&generation), &report);
        assert_eq!(told.await.status, 200);
    }
    assert_eq!(probe.calls(), before);
}

// C8
#[tokio::test]
async fn the_status_includes_activity_on_other_nodes() {
    let (app, _) = Probe::app_with_reports().await;
    let elsewhere = app.another_node().await;
    let mut browser = app.in_session().await.with_generation().await;
    assert_eq!(browser.visit("/workspace").await.status, 200);
    app.advance(app.policy.touch_interval() * 2);
    browser.at(&elsewhere.router).visit("/workspace").await;

    let told = browser.at(&app.router).ask_status().await;
    let left = app.policy.idle() - app.policy.grace();
    assert_eq!(u128::from(told.idle_remaining_ms()), left.as_millis());
}

// C2
/// The node receives the report of the end before the older answer of the store that the session is
/// live.
#[tokio::test]
async fn an_answer_that_was_overtaken_by_an_end_is_not_put_into_the_index() {
    let (app, probe) = Probe::app_with_reports().await;
    let mut browser = app.in_session().await;
    let id = browser.id();
    let (is_found, go_on) = probe.hold_next_find();
    let mut slow = browser.clone();
    let request = tokio::spawn(async move { slow.visit("/workspace").await });
    is_found.await.unwrap();
    assert!(app.end(id, EndReason::SignedOut).await);
    drop(go_on);
    request.await.unwrap();

    let told = browser.fetch("/workspace").await;
    assert_eq!(told.status, 401, "{told:?}");
}

// C2
#[tokio::test]
async fn a_session_that_one_node_has_ended_is_served_by_no_other() {
    let (app, _) = Probe::app_with_reports().await;
    let elsewhere = app.another_node().await;
    for reason in [EndReason::SignedOut, EndReason::Revoked] {
        let browser = app.in_session().await;
        for node in [&app, &elsewhere] {
            let answer = browser.at(&node.router).visit("/workspace").await;
            assert_eq!(answer.status, 200);
        }
        assert!(elsewhere.end(browser.id(), reason).await);
        for node in [&app, &elsewhere] {
            let told = browser.at(&node.router).fetch("/workspace").await;
            assert_eq!(told.status, 401, "{reason} {told:?}");
        }
    }
}
