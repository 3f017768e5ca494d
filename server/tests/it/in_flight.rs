//! Tests that a request which is in flight while its session ends does not revive the session.
//!
//! The handlers here write session data, which those of the product never do. With other session
//! libraries, such writes revive sessions.

use std::sync::Arc;

use axum::{Extension, Router, http::Method, routing::post};
use dwell::EndReason;
use dwell_server::http::assemble;
use tokio::{sync::Notify, task::yield_now};
use tower_sessions::Session;

use crate::harness::{Answer, Browser, EMAIL, PASSWORD, TestApp, by_script};

const ROUNDS: usize = 1_000;
const ENDS: [EndReason; 3] = [
    EndReason::SignedOut,
    EndReason::Replaced,
    EndReason::IdleTimeout,
];

/// Signals how far the slow handler has got, and when it may continue.
#[derive(Debug, Default)]
struct Progress {
    has_begun: Notify,
    may_finish: Notify,
}

async fn write_then_wait(Extension(progress): Extension<Arc<Progress>>, session: Session) {
    session.insert("draft", "late").await.unwrap();
    progress.has_begun.notify_one();
    progress.may_finish.notified().await;
}

async fn wait_then_write(Extension(progress): Extension<Arc<Progress>>, session: Session) {
    progress.has_begun.notify_one();
    progress.may_finish.notified().await;
    // The library returns an error because the session no longer exists.
    let _ = session.insert("draft", "late").await;
}

async fn write_at_some_time(session: Session) {
    yield_now().await;
    let _ = session.insert("draft", "late").await;
    yield_now().await;
}

async fn cycle_the_id(Extension(progress): Extension<Arc<Progress>>, session: Session) {
    session.insert("draft", "late").await.unwrap();
    progress.has_begun.notify_one();
    progress.may_finish.notified().await;
    let _ = session.cycle_id().await;
}

const HELD: [&str; 3] = ["/write-then-wait", "/wait-then-write", "/cycle-the-id"];

/// The layers of the product around handlers that write into the session.
fn router(app: &TestApp, progress: &Arc<Progress>) -> Router {
    let routes = Router::new()
        .route("/write-then-wait", post(write_then_wait))
        .route("/wait-then-write", post(wait_then_write))
        .route("/cycle-the-id", post(cycle_the_id))
        .route("/write-at-some-time", post(write_at_some_time))
        .route_layer(app.dwell.data())
        .route_layer(app.dwell.protect())
        .layer(Extension(progress.clone()));
    assemble(routes, app.state.clone())
}

async fn end(app: &TestApp, browser: &Browser, reason: EndReason) {
    match reason {
        EndReason::Replaced => {
            let answer = browser.clone().sign_in(EMAIL, PASSWORD).await;
            assert_eq!(answer.status, 303);
        }
        EndReason::IdleTimeout => app.advance(app.policy.idle()),
        EndReason::SignedOut
        | EndReason::Revoked
        | EndReason::AbsoluteTimeout
        | EndReason::Restored => {
            let answer = browser.clone().submit("/sign-out", &[]).await;
            assert_eq!(answer.status, 303);
        }
    }
}

async fn send(mut browser: Browser, path: &str) -> Answer {
    browser.send(by_script(Method::POST, path)).await
}

/// Asserts that the old id is refused, with the reason for which the session ended.
async fn assert_not_revived(app: &TestApp, old: &Browser, reason: EndReason) {
    let told = old.at(&app.router).ask_status().await;
    assert!(told.is_end(reason), "{reason} {told:?}");
}

/// Asserts that no session contains what was written late, and that `live` sessions are live.
async fn assert_nothing_written(app: &TestApp, live: i64) {
    app.dwell.maintain().await.unwrap();
    let written = "select count(*) from dwell_sessions where data like '%late%'";
    assert_eq!(app.count(written).await, 0);
    let signed_in = "select count(*) from dwell_sessions where ended_at is null";
    assert_eq!(app.count(signed_in).await, live);
}

// C2, D3
#[tokio::test]
async fn a_slow_request_that_outlives_its_session_revives_nothing() {
    for reason in ENDS {
        for path in HELD {
            let app = TestApp::new().await;
            let progress = Arc::new(Progress::default());
            let router = router(&app, &progress);
            let browser = app.in_session().await.with_generation().await;
            let slow = tokio::spawn({
                let browser = browser.at(&router);
                async move { send(browser, path).await }
            });
            progress.has_begun.notified().await;

            end(&app, &browser, reason).await;
            progress.may_finish.notify_one();
            let late = slow.await.unwrap();

            assert!(late.set_cookies().is_empty(), "{reason} {path} {late:?}");
            assert_not_revived(&app, &browser, reason).await;
            let live = i64::from(reason == EndReason::Replaced);
            assert_nothing_written(&app, live).await;
        }
    }
}

// C2: the same writes are kept in a live session, which shows that the test above can fail.
#[tokio::test]
async fn a_slow_request_in_a_live_session_keeps_what_it_wrote() {
    let app = TestApp::new().await;
    let progress = Arc::new(Progress::default());
    let router = router(&app, &progress);
    let browser = app.in_session().await.with_generation().await;
    progress.may_finish.notify_one();
    let answer = send(browser.at(&router), "/write-then-wait").await;
    assert_eq!(answer.status, 200);
    let kept = "select count(*) from dwell_sessions where data like '%late%'";
    assert_eq!(app.count(kept).await, 1);
}

async fn race(reason: EndReason) {
    let app = Arc::new(TestApp::new().await);
    let router = router(&app, &Arc::new(Progress::default()));
    let mut begun = 0;
    for round in 0..ROUNDS {
        let browser = app.in_session().await.with_generation().await;
        let slow = tokio::spawn({
            let browser = browser.at(&router);
            async move { send(browser, "/write-at-some-time").await }
        });
        let ending = tokio::spawn({
            let (app, browser) = (app.clone(), browser.clone());
            async move {
                for _ in 0..round % 5 {
                    yield_now().await;
                }
                end(&app, &browser, reason).await;
            }
        });
        ending.await.unwrap();
        let late = slow.await.unwrap();
        assert!(late.set_cookies().is_empty(), "{late:?}");
        assert_not_revived(&app, &browser, reason).await;
        begun += i64::from(reason == EndReason::Replaced);
    }
    // A person has no more live sessions than that.
    assert_nothing_written(&app, begun.min(100)).await;
}

// C2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_race_a_sign_out_and_revive_nothing() {
    race(EndReason::SignedOut).await;
}

// C2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_race_a_rotation_and_revive_nothing() {
    race(EndReason::Replaced).await;
}

// C2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_race_an_expiry_and_revive_nothing() {
    race(EndReason::IdleTimeout).await;
}
