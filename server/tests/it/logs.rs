//! Tests of what is logged, and of what must not be.

use std::{
    io,
    sync::{Arc, LazyLock, Mutex},
};

use axum::{
    Router,
    http::{HeaderValue, Method},
    routing::post,
};
use dwell::store::SessionId;
use dwell_server::{http::assemble, telemetry};
use tower_sessions::Session;
use tracing::{
    Dispatch,
    subscriber::{DefaultGuard, NoSubscriber},
};
use tracing_subscriber::{Layer as _, layer::SubscriberExt as _};

use crate::{
    harness::{EMAIL, PASSWORD, Probe, TestApp, by_script, by_user, form},
    routes::ROUTES,
};

/// A second subscriber. With only one, `tracing` lets the threads of other tests, which have no
/// subscriber, disable log lines for all threads.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// The log of the thread that a test runs on.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Captures the lines that `directives` select, until the guard is dropped.
    pub fn capture(directives: &str) -> (Self, DefaultGuard) {
        LazyLock::force(&ANOTHER);
        let log = Self::default();
        let writer = log.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .with_filter(telemetry::filter(directives));
        let subscriber = tracing_subscriber::registry().with(layer);
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub fn lines_with(&self, parts: &[&str]) -> usize {
        let is_wanted = |line: &&str| parts.iter().all(|part| line.contains(part));
        self.text().lines().filter(is_wanted).count()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn write_into_the_session(session: Session) {
    session.insert("draft", "text").await.unwrap();
}

/// A router with a handler that makes the session library log as much as possible.
fn busy_router(app: &TestApp) -> Router {
    let routes = Router::new()
        .route("/busy", post(write_into_the_session))
        .route_layer(app.dwell.data());
    assemble(routes, app.state.clone())
}

/// Uses two sessions in all ways, and returns their ids.
async fn use_everything(app: &TestApp) -> [SessionId; 2] {
    let mut browser = app.signed_in().await;
    let first = browser.id();
    let carrying = browser.clone().with_generation().await;
    let mut busy = carrying.at(&busy_router(app));
    for route in &ROUTES {
        browser.send(by_user(Method::GET, route.path)).await;
        browser.send(by_script(Method::POST, route.path)).await;
    }
    assert_eq!(busy.send_by_script(Method::POST, "/busy").await.status, 200);
    browser.keep_alive(0).await;
    browser.sign_in(EMAIL, PASSWORD).await;
    let second = browser.id();
    busy.send_by_script(Method::POST, "/busy").await;
    browser
        .submit_from("/workspace", "/workspace", &[("text", "a note")])
        .await;
    browser.sign_out().await;
    for id in [first, second] {
        let mut old = app.browser().with_id(id);
        old.visit("/workspace").await;
        old.ask_status().await;
        old.at(&busy_router(app))
            .send_by_script(Method::POST, "/busy")
            .await;
    }
    app.dwell.maintain().await.unwrap();
    [first, second]
}

// L3
#[tokio::test]
async fn no_log_line_contains_a_session_id_at_any_level() {
    for directives in [
        "trace",
        "trace,tower_sessions=trace,tower_sessions_core=trace,tower_cookies=trace",
        "trace,tower_sessions_core::session=trace,tower_sessions::service=trace",
        "[request]=trace",
        "trace,[{path}]=trace",
    ] {
        let app = TestApp::new().await;
        let (log, guard) = Log::capture(directives);
        let ids = use_everything(&app).await;
        drop(guard);
        let text = log.text();
        assert!(text.lines().count() > 50, "{directives} {text}");
        for id in ids {
            for secret in [id.to_string(), id.0.to_string(), format!("{id:?}")] {
                let leak = text.lines().find(|line| line.contains(&secret));
                assert_eq!(leak, None, "{directives}");
            }
        }
        assert!(!text.contains(PASSWORD));
    }
}

// L3
#[test]
fn lines_of_libraries_about_sessions_are_never_logged() {
    for directives in [
        "trace",
        "tower_sessions_core::session=trace",
        "[request]=trace",
    ] {
        let (log, _guard) = Log::capture(directives);
        let _span = tracing::info_span!("request").entered();
        tracing::error!(target: "tower_sessions_core::session", "secret");
        tracing::warn!(target: "tower_sessions::service", "secret");
        tracing::error!(target: "tower_cookies", "secret");
        tracing::debug!(target: "hyper::proto", "secret");
        assert_eq!(log.text(), "", "{directives}");
    }
}

// L1
#[tokio::test]
async fn the_events_of_a_session_are_logged_with_person_and_reason() {
    let app = TestApp::new().await;
    let (log, _guard) = Log::capture("info");
    app.browser().sign_in(EMAIL, "wrong password").await;
    assert_eq!(log.lines_with(&["sign_in_refused"]), 1);

    let mut browser = app.signed_in().await;
    assert_eq!(log.lines_with(&["session_created", "person=1"]), 1);

    browser.sign_in(EMAIL, PASSWORD).await;
    assert_eq!(log.lines_with(&["session_ended", "reason=replaced"]), 1);

    app.in_session().await;
    browser
        .submit_from("/account", "/account/sign-out-others", &[])
        .await;
    assert_eq!(
        log.lines_with(&["sessions_ended", "count=1", "reason=revoked"]),
        1
    );

    browser.sign_out().await;
    assert_eq!(log.lines_with(&["session_ended", "reason=signed_out"]), 1);
}

#[tokio::test]
async fn a_denied_request_is_logged_in_one_line() {
    let (app, probe) = Probe::app().await;
    let mut browser = app.in_session().await;
    let (log, _guard) = Log::capture("info");
    probe.fail_after(0);
    assert_eq!(browser.visit("/workspace").await.status, 503);
    assert_eq!(log.text().lines().count(), 1, "{}", log.text());
    assert_eq!(log.lines_with(&["request denied"]), 1);
    probe.recover();
}

// L1: an expiry is logged once, whether a request or the sweep notices it.
#[tokio::test]
async fn an_expiry_is_logged_once() {
    let app = TestApp::new().await;
    let (log, _guard) = Log::capture("info");
    let mut noticed = app.in_session().await;
    app.in_session().await;
    app.advance(app.policy.idle());
    for _ in 0..3 {
        assert_eq!(noticed.ask_status().await.status, 401);
        app.dwell.maintain().await.unwrap();
    }
    let expired = ["session_expired", "reason=idle_timeout", "ended_at_ms="];
    assert_eq!(log.lines_with(&expired), 2, "{}", log.text());
}

// L4
#[tokio::test]
async fn requests_cannot_begin_log_lines_and_user_agents_are_sanitised() {
    let app = TestApp::new().await;
    let (log, _guard) = Log::capture("trace");
    for line_end in ["\r\n", "\n", "\r", "\0", "\u{1b}[31m", "\u{7f}"] {
        let agent = format!("A browser{line_end}INJECTED");
        assert!(HeaderValue::from_str(&agent).is_err(), "{agent:?}");
    }
    let injected = "x\r\nINJECTED@example.com";
    app.browser().sign_in(injected, injected).await;
    let mut browser = app.in_session().await;
    browser.visit("/%0d%0aINJECTED?a=%0d%0aINJECTED").await;
    browser.visit("/sign-in?reason=%0d%0aINJECTED").await;

    let fields = [("email", EMAIL), ("password", PASSWORD)];
    for agent in ["A\tbrowser\t\tINJECTED", "INJECTED \u{9b}31m \u{85}"] {
        let mut request = form(by_user(Method::POST, "/sign-in"), &fields);
        let agent = HeaderValue::from_bytes(agent.as_bytes()).unwrap();
        request.headers_mut().insert("user-agent", agent);
        assert_eq!(app.browser().send(request).await.status, 303);
    }

    let begins_a_line = |line: &str| line.trim_start().starts_with("INJECTED");
    assert!(!log.text().lines().any(begins_a_line), "{}", log.text());
    let stored: Vec<(String,)> = sqlx::query_as("select browser from dwell_sessions")
        .fetch_all(&app.pool)
        .await
        .unwrap();
    assert_eq!(stored.len(), 3);
    for (browser,) in stored {
        assert!(!browser.contains(char::is_control), "{browser:?}");
    }
}

// E3
#[tokio::test]
async fn a_long_user_agent_is_shortened() {
    let app = TestApp::new().await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let mut request = form(by_user(Method::POST, "/sign-in"), &fields);
    let agent = HeaderValue::from_str(&"x".repeat(5_000)).unwrap();
    request.headers_mut().insert("user-agent", agent);
    app.browser().send(request).await;
    let longest = app
        .count("select max(length(browser)) from dwell_sessions")
        .await;
    assert_eq!(longest, 120);
}
