//! Tests that requests are denied while the store fails.

use axum::http::Method;
use dwell_app::names::SIGN_IN_PATH;

use crate::{
    harness::{Answer, Browser, EMAIL, PASSWORD, Probe, TestApp, by_script, by_user, form},
    routes::{Access, ROUTES, Route, with_access},
};

const NOTE: &str = "a note that is nobody else's business";

async fn with_note(app: &TestApp) -> Browser {
    let mut browser = app.in_session().await.with_generation().await;
    let answer = browser.submit("/workspace", &[("text", NOTE)]).await;
    assert_eq!(answer.status, 303);
    browser
}

fn assert_denied(answer: &Answer, route: &Route) {
    assert_eq!(answer.status, 503, "{route:?} {answer:?}");
    assert!(!answer.body.contains(NOTE) && !answer.body.contains(EMAIL));
    assert!(
        !answer.body.contains("Sign in"),
        "nobody is told to sign in"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.set_cookies().is_empty());
}

/// Whether a form was accepted. It stays accepted if the store only fails afterwards, when the form
/// is counted as activity.
fn is_accepted(answer: &Answer, route: &Route) -> bool {
    route.method == Method::POST
        && answer.status == 303
        && !answer.location().starts_with(SIGN_IN_PATH)
}

fn routes_with_sessions() -> impl Iterator<Item = &'static Route> {
    with_access(Access::Protected).chain(with_access(Access::Public))
}

// A11
#[tokio::test]
async fn every_route_denies_while_the_store_fails_and_serves_again_afterwards() {
    let (app, probe) = Probe::app().await;
    let mut browser = with_note(&app).await;
    probe.fail_after(0);
    for route in routes_with_sessions() {
        let answer = browser
            .send(by_user(route.method.clone(), route.path))
            .await;
        assert_denied(&answer, route);
        let answer = browser
            .send(by_script(route.method.clone(), route.path))
            .await;
        assert_denied(&answer, route);
        assert_eq!(answer.json()["error"], "unavailable");
    }
    assert_eq!(browser.visit("/healthz").await.status, 200);
    assert_eq!(browser.visit("/readyz").await.status, 503);
    probe.recover();

    assert_eq!(browser.visit("/readyz").await.status, 200);
    assert!(browser.visit("/workspace").await.body.contains(NOTE));
    assert_eq!(browser.keep_alive(0).await.status, 200);
}

// A11
#[tokio::test]
async fn a_store_that_fails_during_a_request_denies_it() {
    let (app, probe) = Probe::app().await;
    let mut browser = with_note(&app).await;
    let fields = [
        ("text", "another note"),
        ("email", EMAIL),
        ("password", PASSWORD),
    ];
    let mut denied = 0;
    for route in routes_with_sessions() {
        for calls in 1..4 {
            // The last touch is older than the touch interval, so the request writes one.
            app.advance(app.policy.touch_interval());
            probe.fail_after(calls);
            let request = by_user(route.method.clone(), route.path);
            let answer = match route.path.starts_with("/api") {
                true => {
                    let body = serde_json::json!({ "idle_for_ms": 0 });
                    browser.call(route.path, None, &body).await
                }
                false if route.method == Method::POST => browser.send(form(request, &fields)).await,
                false => browser.send(request).await,
            };
            if probe.recover() > 0 && !is_accepted(&answer, route) {
                assert_denied(&answer, route);
                denied += 1;
            } else {
                assert!(!answer.status.is_server_error(), "{route:?} {answer:?}");
            }
            if browser.cookie().is_none() || !answer.set_cookies().is_empty() {
                browser = app.in_session().await.with_generation().await;
            }
        }
    }
    assert!(denied >= 8, "{denied}");
}

// A11
#[tokio::test]
async fn nobody_is_signed_in_while_the_store_fails() {
    let (app, probe) = Probe::app().await;
    let mut browser = app.browser();
    probe.fail_after(0);
    let answer = browser.sign_in(EMAIL, PASSWORD).await;
    assert_eq!(answer.status, 503);
    assert_eq!(browser.cookie(), None);
    probe.recover();
    assert_eq!(browser.sign_in(EMAIL, PASSWORD).await.status, 303);
}

// A11
#[tokio::test]
async fn a_sign_out_that_the_store_did_not_carry_out_is_not_confirmed() {
    let (app, probe) = Probe::app().await;
    let mut browser = app.in_session().await.with_generation().await;
    probe.fail_after(1);
    let answer = browser.submit("/sign-out", &[]).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("clear-site-data"), None);
    probe.recover();
    assert_eq!(browser.visit("/workspace").await.status, 200);
}

// A11
#[tokio::test]
async fn a_closed_database_denies() {
    let app = TestApp::new().await;
    let mut browser = with_note(&app).await;
    app.database.close().await;
    while app.dwell.staleness().is_some() {
        tokio::task::yield_now().await;
    }
    for route in &ROUTES {
        let answer = browser
            .send(by_user(route.method.clone(), route.path))
            .await;
        match (route.access, route.path) {
            (Access::Sessionless, "/readyz") => assert_eq!(answer.status, 503),
            (Access::Sessionless, _) => assert_eq!(answer.status, 200),
            (Access::Protected | Access::Public, _) => assert_denied(&answer, route),
        }
    }
    let answer = app.browser().sign_in(EMAIL, PASSWORD).await;
    assert_eq!(answer.status, 503);
    let answer = app.browser().visit(SIGN_IN_PATH).await;
    assert_eq!(answer.status, 200, "somebody new sees no data");
}

// A11, F3
#[tokio::test]
async fn drafts_that_cannot_be_read_or_written_deny() {
    let app = TestApp::new().await;
    let mut browser = with_note(&app).await;
    sqlx::query("alter table dwell_drafts rename to lost")
        .execute(&app.pool)
        .await
        .unwrap();
    let draft = "0".repeat(32);
    let fields = [("text", "another note"), ("draft", draft.as_str())];
    for answer in [
        browser.visit("/workspace").await,
        browser.save_draft(&draft, "half a note").await,
        browser.save_draft(&draft, "").await,
        browser.submit("/drafts/discard", &fields).await,
        browser.submit("/workspace", &fields).await,
    ] {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(!answer.body.contains(NOTE));
    }
    assert_eq!(browser.visit("/account").await.status, 200);
    let notes = "select count(*) from notes";
    assert_eq!(
        app.count(notes).await,
        1,
        "a note and its draft go together"
    );
}

// A11
#[tokio::test]
async fn notes_that_cannot_be_read_deny() {
    let app = TestApp::new().await;
    let mut browser = with_note(&app).await;
    sqlx::query("alter table notes rename to lost")
        .execute(&app.pool)
        .await
        .unwrap();
    assert_eq!(browser.visit("/workspace").await.status, 503);
    let fields = [("text", "another note")];
    assert_eq!(browser.submit("/workspace", &fields).await.status, 503);
    let answer = browser.submit("/workspace/delete", &[("id", "1")]).await;
    assert_eq!(answer.status, 503);
    assert_eq!(browser.visit("/account").await.status, 200);
}
