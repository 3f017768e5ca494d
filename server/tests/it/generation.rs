//! Tests that requests which change something need the session's generation, and that a GET changes
//! nothing.

use axum::http::{Method, StatusCode};
use dwell::EndReason;
use dwell_app::{
    api::{AskStatus, KeepAlive},
    names::{
        DISCARD_DRAFT_PATH, DRAFT_FIELD, DRAFT_FORM_FIELD, NOTE_FORM, SIGN_IN_PATH, SIGN_OUT_PATH,
        TAKE_BACK_DRAFT_PATH,
    },
};
use leptos::server_fn::ServerFn as _;
use serde_json::json;

use crate::{
    drafts::DRAFT,
    harness::{Answer, Browser, EMAIL, PASSWORD, TestApp, by_script, by_user, form},
    routes::{Access, ROUTES, Route, with_access},
};

/// Everything that a request could change, except the last activity.
pub async fn state(app: &TestApp) -> Vec<(String,)> {
    sqlx::query_as(
        "select 'note ' || id || text || coalesce(deleted_at, '') from notes union all \
         select 'draft ' || id || person || coalesce(fields, '') || saved_at || coalesce(used_up_at, '') \
         from dwell_drafts union all \
         select 'session ' || hex(key) || coalesce(end_reason, '') || data from dwell_sessions \
         order by 1",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap()
}

/// A person with a note, a draft and two sessions, one of which is returned.
async fn person_with_data(app: &TestApp) -> Browser {
    app.in_session().await;
    let mut browser = app.in_session().await;
    let fields = [("text", "a note")];
    let answer = browser
        .submit_from("/workspace", "/workspace", &fields)
        .await;
    assert_eq!(answer.status, 303);
    let mut page = browser.clone().with_generation().await;
    assert_eq!(page.save_draft(DRAFT, "half a note").await.status, 204);
    browser
}

/// The routes that change something in a session.
pub fn guarded() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| {
        route.method == Method::POST && ![SIGN_IN_PATH, AskStatus::PATH].contains(&route.path)
    })
}

/// What every route needs to change something.
const FORGED: [(&str, &str); 4] = [
    ("text", "forged"),
    ("id", "1"),
    (DRAFT_FIELD, DRAFT),
    (DRAFT_FORM_FIELD, NOTE_FORM),
];

/// Sends a generation, if any, to a route in both ways in which it can be sent.
async fn send(browser: &Browser, route: &Route, generation: Option<&str>) -> [Answer; 2] {
    let mut browser = browser.clone();
    let payload = json!({ "idle_for_ms": 0, "text": "forged", "id": 1 });
    let in_header = browser.call(route.path, generation, &payload).await;
    let fields: Vec<_> = FORGED
        .into_iter()
        .chain(generation.map(|generation| ("generation", generation)))
        .collect();
    let in_field = browser.submit(route.path, &fields).await;
    [in_header, in_field]
}

async fn assert_refused(
    generation: Option<&str>,
    app: &TestApp,
    browser: &Browser,
    with: StatusCode,
) {
    let before = state(app).await;
    for route in guarded() {
        for answer in send(browser, route, generation).await {
            assert_eq!(answer.status, with, "{route:?} {generation:?}");
            assert!(answer.set_cookies().is_empty());
            assert!(!answer.body.contains(EMAIL));
        }
    }
    let mut after = state(app).await;
    if with == StatusCode::CONFLICT {
        // What is sent from a page of another session becomes a draft: see `late`.
        after.retain(|row| before.contains(row) || !row.0.starts_with("draft "));
    }
    assert_eq!(after, before, "{generation:?}");
}

// K1
#[tokio::test]
async fn without_a_generation_or_with_a_malformed_one_nothing_changes() {
    let app = TestApp::new().await;
    let browser = person_with_data(&app).await;
    let own = browser.clone().generation().await.to_string();
    let upper = own.to_uppercase();
    let with_space = format!(" {own}");
    let never_given = "0".repeat(32);
    for generation in [
        None,
        Some(""),
        Some("nonsense"),
        Some(&own[1..]),
        Some(&with_space),
        Some(&upper)
            .filter(|upper| **upper != own)
            .map(String::as_str),
        Some(&never_given),
    ] {
        assert_refused(generation, &app, &browser, StatusCode::FORBIDDEN).await;
    }
}

// K1, J3
#[tokio::test]
async fn with_another_sessions_generation_nothing_changes() {
    let app = TestApp::new().await;
    let browser = person_with_data(&app).await;
    let grace = app.another_account("grace@example.com").await;
    let mut hers = app.in_session_of(grace).await;
    let generation = hers.generation().await.to_string();
    assert_refused(Some(&generation), &app, &browser, StatusCode::CONFLICT).await;

    // The same holds if her session has ended: she signed out in the browser that he uses now.
    hers.sign_out().await;
    assert_refused(Some(&generation), &app, &browser, StatusCode::CONFLICT).await;
}

// J3
#[tokio::test]
async fn a_page_from_before_a_new_sign_in_is_told_of_the_other_session() {
    let app = TestApp::new().await;
    let mut browser = person_with_data(&app).await;
    let before = browser.generation().await.to_string();
    browser.sign_in(EMAIL, PASSWORD).await;
    assert_refused(Some(&before), &app, &browser, StatusCode::CONFLICT).await;

    let answer = browser
        .submit("/workspace", &[("generation", &before)])
        .await;
    assert!(answer.body.contains("Another session has begun"));
    let body = json!({ "idle_for_ms": 0 });
    let answer = browser.call(KeepAlive::PATH, Some(&before), &body).await;
    assert_eq!(answer.json()["error"], "another_session");
}

// K1
#[tokio::test]
async fn every_route_works_with_the_sessions_own_generation() {
    for route in guarded() {
        let app = TestApp::new().await;
        let browser = person_with_data(&app).await;
        let own = browser.clone().generation().await.to_string();
        let undoes = match route.path {
            "/workspace/take-back" => Some("/workspace/delete"),
            TAKE_BACK_DRAFT_PATH => Some(DISCARD_DRAFT_PATH),
            _ => None,
        };
        if let Some(path) = undoes {
            let done = Route {
                path,
                ..route.clone()
            };
            send(&browser, &done, Some(&own)).await;
        }
        let before = state(&app).await;
        let [in_header, in_field] = send(&browser, route, Some(&own)).await;
        let is_form = !route.path.starts_with("/api");
        let served = if is_form { in_field } else { in_header };
        assert!(
            served.status.is_success() || served.status.is_redirection(),
            "{route:?} {served:?}"
        );
        assert_eq!(state(&app).await != before, is_form, "{route:?}");
    }
}

/// The answer to `browser` when a page of the session with this generation asks for the status.
async fn status_on(browser: &Browser, generation: Option<&str>) -> Answer {
    let mut browser = browser.clone();
    browser.call(AskStatus::PATH, generation, &json!({})).await
}

// J3
#[tokio::test]
async fn a_page_of_the_same_person_learns_the_new_generation() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in().await;
    let before = browser.generation().await.to_string();
    let elsewhere = app.in_session().await.generation().await.to_string();
    browser.sign_in(EMAIL, PASSWORD).await;
    let own = browser.generation().await.to_string();

    for generation in [
        None,
        Some(""),
        Some("nonsense"),
        Some(own.as_str()),
        Some(before.as_str()),
        Some(elsewhere.as_str()),
    ] {
        let told = status_on(&browser, generation).await;
        assert_eq!(told.status, 200, "{generation:?}");
        assert_eq!(told.json()["generation"], own, "{generation:?}");
    }
}

// J3
#[tokio::test]
async fn a_page_of_another_person_learns_nothing() {
    let app = TestApp::new().await;
    let browser = person_with_data(&app).await;
    let own = browser.clone().generation().await.to_string();
    let grace = app.another_account("grace@example.com").await;
    let mut hers = app.in_session_of(grace).await;
    let alive = hers.generation().await.to_string();
    let never_given = "0".repeat(32);
    for generation in [&alive, &never_given] {
        let told = status_on(&browser, Some(generation)).await;
        assert_eq!(told.status, 409, "{told:?}");
        assert_eq!(told.json()["error"], "another_session");
        assert!(!told.body.contains(&own));
    }
    hers.sign_out().await;
    assert_eq!(status_on(&browser, Some(&alive)).await.status, 409);
}

// J3
#[tokio::test]
async fn a_page_that_asks_in_an_ended_session_is_told_of_the_end() {
    let app = TestApp::new().await;
    let browser = app.in_session().await;
    let own = browser.clone().generation().await.to_string();
    let grace = app.another_account("grace@example.com").await;
    let hers = app.in_session_of(grace).await.generation().await;
    app.end(browser.id(), EndReason::Revoked).await;
    for generation in [own, hers.to_string()] {
        let told = status_on(&browser, Some(&generation)).await;
        assert!(told.is_end(EndReason::Revoked), "{told:?}");
    }
}

// A9
#[tokio::test]
async fn learning_the_new_generation_is_not_activity() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in().await;
    let before = browser.generation().await.to_string();
    browser.sign_in(EMAIL, PASSWORD).await;
    for _ in 0..10 {
        app.advance(app.policy.idle() / 10);
        status_on(&browser, Some(&before)).await;
    }
    assert!(browser.ask_status().await.is_end(EndReason::IdleTimeout));
}

// K1: the field may be anywhere in the form, and the header counts if both are present.
#[tokio::test]
async fn the_header_counts_if_both_are_present() {
    let app = TestApp::new().await;
    let mut browser = person_with_data(&app).await;
    let own = browser.generation().await.to_string();
    let other = "0".repeat(32);
    let send = |header: &str, field: &str| {
        let fields = [("text", "a note"), ("generation", field)];
        let mut request = form(by_user(Method::POST, "/workspace"), &fields);
        let header = header.try_into().unwrap();
        request.headers_mut().insert("dwell-generation", header);
        request
    };
    assert_eq!(browser.send(send(&own, &other)).await.status, 303);
    assert_eq!(browser.send(send(&other, &own)).await.status, 403);
}

// K1
#[tokio::test]
async fn a_note_of_another_person_cannot_be_deleted() {
    let app = TestApp::new().await;
    person_with_data(&app).await;
    let grace = app.another_account("grace@example.com").await;
    let mut hers = app.in_session_of(grace).await.with_generation().await;
    let before = state(&app).await;
    let answer = hers.submit("/workspace/delete", &[("id", "1")]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(state(&app).await, before);
    assert!(!hers.visit("/workspace").await.body.contains("a note"));
}

// K3
#[tokio::test]
async fn nothing_changes_on_a_get() {
    let app = TestApp::new().await;
    let mut browser = person_with_data(&app).await;
    let generation = browser.generation().await.to_string();
    let before = state(&app).await;
    for route in &ROUTES {
        let query = format!(
            "{}?generation={generation}&id=1&text=forged&email={EMAIL}&idle_for_ms=0",
            route.path
        );
        for path in [route.path, &query] {
            for method in [Method::GET, Method::HEAD] {
                for mut request in [by_user(method.clone(), path), by_script(method, path)] {
                    let generation = generation.as_str().try_into().unwrap();
                    let headers = request.headers_mut();
                    headers.insert("dwell-generation", generation);
                    let answer = browser.send(request).await;
                    let is_get = ROUTES
                        .iter()
                        .any(|other| other.path == route.path && other.method == Method::GET);
                    let expected = if is_get { 200 } else { 405 };
                    assert_eq!(answer.status, expected, "{path}");
                }
            }
        }
    }
    assert_eq!(state(&app).await, before);
}

// K3
#[tokio::test]
async fn nobody_is_signed_out_by_a_get() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in().await;
    let answer = browser.visit(SIGN_OUT_PATH).await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), Some("POST"));
    assert_eq!(browser.visit("/workspace").await.status, 200);
}

// K1
#[tokio::test]
async fn unusual_methods_need_the_generation_too() {
    let app = TestApp::new().await;
    let mut browser = person_with_data(&app).await;
    let session_routes = with_access(Access::Protected).chain(with_access(Access::Public));
    for route in session_routes {
        for method in ["PUT", "PATCH", "DELETE", "PROPFIND"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = browser.send(by_script(method, route.path)).await;
            let is_exempt = [SIGN_IN_PATH, AskStatus::PATH].contains(&route.path);
            let expected = if is_exempt { 405 } else { 403 };
            assert_eq!(answer.status, expected, "{route:?}");
        }
    }
}
