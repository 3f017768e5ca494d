//! Tests that requests which the user did not cause extend nothing. The rules are in
//! `docs/activity.md`.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, Request, StatusCode},
};
use dwell::EndReason;
use dwell_app::names::{DISCARD_DRAFT_PATH, DRAFTS_PATH, SIGN_IN_PATH};

use crate::{
    drafts::DRAFT,
    harness::{Browser, EMAIL, TestApp, by_script, by_user, form},
    routes::{Access, ROUTES},
};

async fn last_active_at(app: &TestApp) -> i64 {
    app.dwell.write_all().await.unwrap();
    app.count("select last_active_at from dwell_sessions").await
}

/// Changes to headers. A header with an empty value is removed.
type Headers = &'static [(&'static str, &'static str)];

fn with(mut request: Request<Body>, headers: Headers) -> Request<Body> {
    for (name, value) in headers {
        let name = HeaderName::from_static(name);
        match *value {
            "" => request.headers_mut().remove(name),
            value => request
                .headers_mut()
                .insert(name, HeaderValue::from_static(value)),
        };
    }
    request
}

/// The request that Chromium and Firefox send when the user follows a link.
fn navigation() -> Request<Body> {
    by_user(Method::GET, "/workspace")
}

const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/18.0 Safari/605.1.15";
const CHROME_ON_IOS: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) \
                             AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/130.0 Mobile/15E148 \
                             Safari/604.1";
const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0";

/// The request that WebKitGTK 2.50 sends for a link on the account page.
fn webkit_navigation() -> Request<Body> {
    with(
        navigation(),
        &[
            ("sec-fetch-site", ""),
            ("sec-fetch-user", ""),
            ("user-agent", SAFARI),
            ("referer", "https://dwell.example/account"),
        ],
    )
}

/// The request that a browser without Fetch Metadata sends for such a link.
fn old_navigation() -> Request<Body> {
    with(
        webkit_navigation(),
        &[
            ("sec-fetch-mode", ""),
            ("sec-fetch-dest", ""),
            ("user-agent", ""),
        ],
    )
}

/// Headers with which a navigation does not count in any browser.
const NOT_BY_USER: [Headers; 12] = [
    &[("sec-purpose", "prefetch")],
    &[("sec-purpose", "prefetch;prerender")],
    &[("sec-purpose", "prefetch;anonymous-client-ip")],
    &[("purpose", "prefetch")],
    &[("sec-fetch-mode", "no-cors")],
    &[("sec-fetch-mode", "websocket")],
    &[("sec-fetch-dest", "iframe")],
    &[("sec-fetch-dest", "embed")],
    &[("sec-fetch-dest", "object")],
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site")],
    &[("sec-fetch-user", "?0")],
];

/// Headers with which a navigation does not count in a browser that says who started it.
const NOT_DECLARED_BY_USER: [Headers; 4] = [
    &[("sec-fetch-user", "")],
    &[("sec-fetch-site", "")],
    &[("sec-fetch-dest", "")],
    // Chromium sends the header if the user started the navigation.
    &[
        ("sec-fetch-user", ""),
        ("user-agent", CHROME),
        ("referer", "https://dwell.example/account"),
    ],
];

/// Headers with which a navigation does not come from another page of ours.
const NOT_FROM_OUR_PAGE: [Headers; 9] = [
    &[("referer", "")],
    &[("referer", "https://evil.example/account")],
    &[("referer", "https://dwell.example:8443/account")],
    &[("referer", "https://dwell.example.evil.example/account")],
    // The page reloads itself.
    &[("referer", "https://dwell.example/workspace")],
    &[("referer", "https://dwell.example/workspace#note")],
    &[("cache-control", "max-age=0")],
    &[("cache-control", "no-cache")],
    &[("accept", ""), ("sec-fetch-mode", "")],
];

/// Other requests that a page, a browser or an extension makes by itself.
fn automatic_requests() -> Vec<Request<Body>> {
    vec![
        by_script(Method::GET, "/workspace"),
        by_script(Method::GET, "/account"),
        by_script(Method::HEAD, "/workspace"),
        by_user(Method::HEAD, "/workspace"),
        by_user(Method::OPTIONS, "/workspace"),
        by_script(Method::GET, "/no-such-page"),
        by_user(Method::GET, "/no-such-page"),
        by_script(Method::GET, "/pkg/dwell.4711.js"),
        form(by_script(Method::POST, "/drafts"), &[]),
        form(by_user(Method::POST, "/drafts"), &[]),
        with(
            by_script(Method::GET, "/workspace"),
            &[("accept", "text/event-stream")],
        ),
    ]
}

/// Asserts that none of `requests`, sent in the middle of the idle timeout, extends the session.
async fn assert_none_extends(requests: impl IntoIterator<Item = Request<Body>>) {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let before = last_active_at(&app).await;
    app.advance(app.policy.idle() / 2);
    for request in requests {
        let shown = format!("{request:?}");
        browser.send(request).await;
        assert_eq!(last_active_at(&app).await, before, "{shown}");
    }
}

/// Asserts that each of `requests`, sent a while after the one before, extends the session.
async fn assert_each_extends(requests: impl IntoIterator<Item = Request<Body>>) {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    for request in requests {
        let before = last_active_at(&app).await;
        app.advance(app.policy.idle() / 2);
        let shown = format!("{request:?}");
        assert_eq!(browser.send(request).await.status, 200, "{shown}");
        assert!(last_active_at(&app).await > before, "{shown}");
    }
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
    assert_none_extends(automatic_requests()).await;
}

// A9: another site can embed the product, or open it in a window that it closes again.
#[tokio::test]
async fn a_navigation_that_the_user_did_not_start_here_leaves_the_deadline_where_it_was() {
    let any = [navigation, webkit_navigation].into_iter();
    assert_none_extends(any.flat_map(|page| NOT_BY_USER.map(|headers| with(page(), headers))))
        .await;
    assert_none_extends(NOT_DECLARED_BY_USER.map(|headers| with(navigation(), headers))).await;
}

// A9: these browsers never say that the user started a navigation.
#[tokio::test]
async fn without_sec_fetch_user_only_a_navigation_from_another_page_of_ours_counts() {
    for page in [webkit_navigation, old_navigation] {
        assert_none_extends(NOT_FROM_OUR_PAGE.map(|headers| with(page(), headers))).await;
    }
    assert_none_extends([
        with(old_navigation(), &[("sec-fetch-site", "same-origin")]),
        with(webkit_navigation(), &[("user-agent", CHROME)]),
        with(webkit_navigation(), &[("user-agent", "")]),
    ])
    .await;
}

// A9: these do count, which shows that the tests above can fail.
#[tokio::test]
async fn a_navigation_that_the_user_started_moves_the_deadline() {
    assert_each_extends([
        navigation(),
        with(navigation(), &[("sec-fetch-site", "none")]),
        // The user reloads a page.
        with(
            navigation(),
            &[
                ("cache-control", "max-age=0"),
                ("referer", "https://dwell.example/workspace"),
            ],
        ),
        webkit_navigation(),
        with(webkit_navigation(), &[("sec-fetch-site", "same-origin")]),
        with(webkit_navigation(), &[("user-agent", CHROME_ON_IOS)]),
        with(
            webkit_navigation(),
            &[("referer", "https://dwell.example/workspace?draft=1")],
        ),
        old_navigation(),
    ])
    .await;
}

// A9
#[tokio::test]
async fn only_existing_pages_count() {
    let paths: BTreeSet<_> = ROUTES
        .iter()
        .filter(|route| route.access != Access::Sessionless)
        .map(|route| route.path)
        .collect();
    let (pages, others): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| {
        // The drafts are fetched by a page and are not a page themselves.
        let is_page = |route: &crate::routes::Route| {
            route.path == *path && route.method == Method::GET && route.path != DRAFTS_PATH
        };
        ROUTES.iter().any(is_page)
    });
    assert_each_extends(pages.iter().map(|path| by_user(Method::GET, path))).await;
    assert_none_extends(others.iter().map(|path| by_user(Method::GET, path))).await;
    let sessionless = ["/healthz", "/readyz", "/pkg/dwell.4711.js"];
    assert_none_extends(sessionless.map(|path| by_user(Method::GET, path))).await;
}

/// A form as a browser sends it when the user presses its button.
async fn sent_form(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let generation = browser.generation().await.to_string();
    let fields = [fields, &[("generation", generation.as_str())]].concat();
    form(by_user(Method::POST, path), &fields)
}

// A9
#[tokio::test]
async fn an_accepted_form_moves_the_deadline() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let note: &[(&str, &str)] = &[("text", "a note")];
    for (path, fields, headers) in [
        ("/workspace", note, &[] as Headers),
        ("/workspace/delete", &[("id", "1")], &[]),
        (DISCARD_DRAFT_PATH, &[("draft", DRAFT)], &[]),
        ("/account/sign-out-others", &[], &[]),
        // In WebKit, and in a browser without Fetch Metadata.
        (
            "/workspace",
            note,
            &[
                ("sec-fetch-site", ""),
                ("sec-fetch-user", ""),
                ("user-agent", SAFARI),
                ("referer", "https://dwell.example/workspace"),
            ],
        ),
        (
            "/workspace",
            note,
            &[
                ("sec-fetch-site", ""),
                ("sec-fetch-mode", ""),
                ("sec-fetch-dest", ""),
                ("sec-fetch-user", ""),
            ],
        ),
    ] {
        let before = last_active_at(&app).await;
        app.advance(app.policy.idle() / 2);
        let request = sent_form(&mut browser, path, fields).await;
        let answer = browser.send(with(request, headers)).await;
        assert_eq!(answer.status, 303, "{path} {headers:?}");
        assert!(last_active_at(&app).await > before, "{path} {headers:?}");
    }
}

// A9
#[tokio::test]
async fn a_refused_form_leaves_the_deadline_where_it_was() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let before = last_active_at(&app).await;
    app.advance(app.policy.idle() / 2);
    let long = "x".repeat(300 * 1024);
    let wrong = [("email", EMAIL), ("password", "wrong")];
    let note: &[(&str, &str)] = &[("text", "a note")];
    for (path, fields, headers, status) in [
        ("/workspace", &[("text", " ")] as &[_], &[] as Headers, 422),
        ("/workspace", &[("text", long.as_str())], &[], 413),
        ("/workspace", note, &[("sec-fetch-site", "cross-site")], 403),
        ("/workspace", note, &[("content-type", "text/plain")], 403),
        ("/workspace", note, &[("dwell-generation", "nonsense")], 403),
        ("/workspace/delete", &[("id", "none")], &[], 422),
        ("/account", &[], &[], 405),
        ("/no-such-page", &[], &[], 404),
        (SIGN_IN_PATH, &wrong, &[], 401),
    ] {
        let request = sent_form(&mut browser, path, fields).await;
        let answer = browser.send(with(request, headers)).await;
        assert_eq!(answer.status, status, "{path} {headers:?}");
        assert_eq!(last_active_at(&app).await, before, "{path} {headers:?}");
    }
    for headers in NOT_BY_USER {
        let request = sent_form(&mut browser, "/workspace", note).await;
        browser.send(with(request, headers)).await;
        assert_eq!(last_active_at(&app).await, before, "{headers:?}");
    }
}

// A9
#[tokio::test]
async fn a_refused_keep_alive_does_not_count() {
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

// A9
#[tokio::test]
async fn a_keep_alive_moves_the_deadline() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let before = last_active_at(&app).await;
    app.advance(app.policy.idle() / 2);
    assert_eq!(browser.keep_alive(0).await.status, StatusCode::OK);
    assert!(last_active_at(&app).await > before);
}
