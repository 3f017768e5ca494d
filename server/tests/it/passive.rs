//! What the user did not cause extends nothing.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, header};
use dwell_session::EndReason;

use crate::harness::{Browser, HOST, TestApp, by_script, by_user, form};

async fn last_active_at(app: &TestApp) -> i64 {
    app.sessions.write_all().await.unwrap();
    app.count("select last_active_at from sessions").await
}

/// Every request that a page, a browser or an extension makes by itself.
fn passive() -> Vec<Request<Body>> {
    let with = |mut request: Request<Body>, headers: &[(&'static str, &'static str)]| {
        for (name, value) in headers {
            let value = HeaderValue::from_static(value);
            request.headers_mut().insert(*name, value);
        }
        request
    };
    let navigation = || by_user(Method::GET, "/workspace");
    let by_itself = |path| {
        let mut navigation = by_user(Method::GET, path);
        navigation.headers_mut().remove("sec-fetch-user");
        navigation
    };
    let mut bare = Request::get("/workspace").body(Body::empty()).unwrap();
    bare.headers_mut()
        .insert(header::HOST, HeaderValue::from_static(HOST));
    vec![
        by_itself("/workspace"),
        by_itself("/"),
        by_itself("/no-such-page"),
        bare,
        with(navigation(), &[("sec-purpose", "prefetch")]),
        with(navigation(), &[("sec-purpose", "prefetch;prerender")]),
        with(
            navigation(),
            &[("sec-purpose", "prefetch;anonymous-client-ip")],
        ),
        with(navigation(), &[("purpose", "prefetch")]),
        with(navigation(), &[("sec-fetch-mode", "no-cors")]),
        with(navigation(), &[("sec-fetch-mode", "websocket")]),
        by_script(Method::GET, "/workspace"),
        by_script(Method::GET, "/account"),
        by_script(Method::HEAD, "/workspace"),
        by_script(Method::GET, "/no-such-page"),
        by_script(Method::GET, "/pkg/dwell.4711.js"),
        by_user(Method::GET, "/pkg/dwell.4711.js"),
        by_user(Method::GET, "/healthz"),
        form(by_script(Method::POST, "/drafts"), &[]),
        form(by_user(Method::POST, "/drafts"), &[]),
        with(
            by_script(Method::GET, "/workspace"),
            &[("accept", "text/event-stream")],
        ),
    ]
}

// A9
#[tokio::test]
async fn a_hundred_status_calls_leave_the_deadline_where_it_was() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let before = last_active_at(&app).await;
    for _ in 0..100 {
        app.advance(app.policy.idle() / 100);
        browser.ask_status().await;
    }
    assert_eq!(last_active_at(&app).await, before);
    let told = browser.ask_status().await;
    assert!(told.is_end(EndReason::IdleTimeout), "{told:?}");
}

// A9
#[tokio::test]
async fn what_a_page_or_a_browser_does_by_itself_leaves_the_deadline_where_it_was() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let before = last_active_at(&app).await;
    app.advance(app.policy.idle() / 2);
    for request in passive() {
        let shown = format!("{request:?}");
        browser.send(request).await;
        assert_eq!(last_active_at(&app).await, before, "{shown}");
    }
}

// A9
#[tokio::test]
async fn a_report_of_activity_that_is_turned_away_counts_for_nothing() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let before = last_active_at(&app).await;
    app.advance(app.policy.idle() / 2);
    let body = serde_json::json!({ "idle_for_ms": 0 });
    let path = "/api/session/keep-alive";
    assert_eq!(browser.call(path, None, &body).await.status, 403);
    let generation = browser.generation().await.to_string();
    let nonsense = serde_json::json!({ "idle_for_ms": "now" });
    let answer = browser.call(path, Some(&generation), &nonsense).await;
    assert_eq!(answer.status, 400);
    let fields = [("text", "a note")];
    assert_eq!(browser.submit("/workspace", &fields).await.status, 403);
    assert_eq!(last_active_at(&app).await, before);
}

// A9: what does count, so that the tests above cannot pass by chance.
#[tokio::test]
async fn what_the_user_does_moves_the_deadline() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let generation = browser.generation().await.to_string();
    let mut before = last_active_at(&app).await;
    for round in 0..5 {
        app.advance(app.policy.idle() / 2);
        let answer = match round {
            0 => browser.visit("/workspace").await,
            1 => browser.keep_alive(0).await,
            2 => without_fetch_metadata(&mut browser).await,
            3 => browser.visit("/").await,
            _ => {
                let fields = [("generation", generation.as_str()), ("text", "a note")];
                browser.submit("/workspace", &fields).await
            }
        };
        assert!(matches!(answer.status.as_u16(), 200 | 303), "{answer:?}");
        let now = last_active_at(&app).await;
        assert!(now > before, "{round}");
        before = now;
    }
}

async fn without_fetch_metadata(browser: &mut Browser) -> crate::harness::Answer {
    let mut request = by_user(Method::GET, "/workspace");
    let headers: &mut HeaderMap = request.headers_mut();
    for name in [
        "sec-fetch-site",
        "sec-fetch-mode",
        "sec-fetch-dest",
        "sec-fetch-user",
    ] {
        headers.remove(name);
    }
    browser.send(request).await
}
