//! Tests of what happens at the same moment as an end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use dwell::EndReason;
use dwell::{
    Connections,
    sqlite::{self, DatabaseFile},
    store::SqliteStore,
};
use dwell_app::api::KeepAlive;
use leptos::server_fn::ServerFn as _;
use serde_json::json;
use tokio::task::yield_now;

use crate::harness::{Answer, Browser, HeldClock, TestApp};

const ROUNDS: usize = 1_000;
const MS: Duration = Duration::from_millis(1);

// A10
/// The touch reads the clock before the end, but reaches the database after somebody has been told
/// of the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delayed_touch_revives_nothing() {
    let app = TestApp::new().await;
    let clock = HeldClock::over(app.clock.clone());
    // The slow node has connections of its own, because on those of the app one request would wait
    // for the other.
    let file = DatabaseFile::at(app.directory.path().join("dwell.db"));
    let database = sqlite::Database::open(file, Connections::default());
    let slow = SqliteStore::new(database.await.unwrap(), clock.clone());
    let slow = app.another_node_on(Arc::new(slow)).await;
    let mut browser = app.in_session().await.with_generation().await;
    app.advance(app.policy.idle() - MS);
    let mut at_slow = browser.at(&slow.router);
    // From now on the node need not ask the store whether the session lives.
    assert_eq!(at_slow.ask_status().await.status, 200);

    let blocked = clock.hold_next();
    let touch = tokio::spawn(async move {
        let activity = json!({ "idle_for_ms": 0 });
        at_slow.call(KeepAlive::PATH, None, &activity).await
    });
    blocked.wait_until_blocked().await;
    app.advance_ms(1);
    assert!(browser.ask_status().await.is_end(EndReason::IdleTimeout));
    drop(blocked);
    touch.await.unwrap();

    let told = browser.ask_status().await;
    assert!(told.is_end(EndReason::IdleTimeout), "{told:?}");
}

/// Whether any answer has reported the end.
#[derive(Debug, Default)]
struct EndReported(AtomicBool);

impl EndReported {
    /// Sends `request`. Asserts that the session is not served if the end was reported before.
    async fn check(&self, request: impl Future<Output = Answer>) {
        let was_told = self.0.load(SeqCst);
        let answer = request.await;
        match answer.status.as_u16() {
            200 => assert!(!was_told, "revived: {answer:?}"),
            401 => self.0.store(true, SeqCst),
            _ => panic!("{answer:?}"),
        }
    }
}

async fn report(end: Arc<EndReported>, mut browser: Browser) {
    for _ in 0..2 {
        let activity = json!({ "idle_for_ms": 0 });
        end.check(browser.call(KeepAlive::PATH, None, &activity))
            .await;
    }
}

async fn watch(end: Arc<EndReported>, mut browser: Browser) {
    for _ in 0..4 {
        end.check(browser.ask_status()).await;
    }
}

// A10, C2
/// In the last millisecond, two tabs report activity on two nodes, a third tab asks for the status,
/// and time passes. Either a report is in time, or the session ends and stays ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_reports_race_the_expiry_and_revive_nothing() {
    let app = TestApp::new().await;
    let elsewhere = app.another_node().await;
    let mut ended = 0;
    for round in 0..ROUNDS {
        let browser = app.in_session().await.with_generation().await;
        let end = Arc::new(EndReported::default());
        app.advance(app.policy.idle() - MS);
        let clock = app.clock.clone();
        let tasks = [
            tokio::spawn(report(end.clone(), browser.clone())),
            tokio::spawn(report(end.clone(), browser.at(&elsewhere.router))),
            tokio::spawn(watch(end.clone(), browser.clone())),
            tokio::spawn(async move {
                for _ in 0..round % 16 {
                    yield_now().await;
                }
                clock.advance(MS);
            }),
        ];
        for task in tasks {
            task.await.unwrap();
        }
        let answer = browser.at(&elsewhere.router).ask_status().await;
        if answer.status == 401 {
            ended += 1;
        } else {
            assert!(!end.0.load(SeqCst), "revived: {answer:?}");
        }
    }
    println!("{ended} of {ROUNDS} sessions ended, the others were extended in time");
}
