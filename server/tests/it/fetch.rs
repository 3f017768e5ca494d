//! Tests of signing in and out by a script, without leaving the page.

use std::sync::Arc;

use axum::http::{HeaderValue, Method};
use dwell::EndReason;
use dwell_app::names::{SIGN_IN_PATH, SIGN_OUT_PATH};
use dwell_server::{
    accounts::{Accounts, Passwords},
    http,
    state::{AppState, Services},
};

use crate::harness::{Answer, Browser, EMAIL, PASSWORD, TestApp, by_script, by_user, form};

async fn sign_in(browser: &mut Browser, password: &str) -> Answer {
    let fields = [("email", EMAIL), ("password", password)];
    let request = form(by_script(Method::POST, SIGN_IN_PATH), &fields);
    browser.send(request).await
}

async fn sign_out(browser: &mut Browser) -> Answer {
    browser.send_by_script(Method::POST, SIGN_OUT_PATH).await
}

/// Whether the cookies of `answer`, which have these names, are as in the answer to a form.
fn cookies_are_as_after_a_form(answer: &Answer, after_form: &Answer, names: &[&str]) {
    let (cookies, expected) = (answer.session_cookies(), after_form.session_cookies());
    let found: Vec<_> = cookies.iter().map(|cookie| cookie.name()).collect();
    assert_eq!(found, names, "{answer:?}");
    assert_eq!(cookies.len(), expected.len(), "{after_form:?}");
    for (mut cookie, mut expected) in cookies.into_iter().zip(expected) {
        assert_eq!(cookie.value().is_empty(), expected.value().is_empty());
        cookie.set_value("");
        expected.set_value("");
        assert_eq!(cookie, expected);
        assert_eq!(cookie.secure(), Some(true));
        assert_eq!(cookie.http_only(), Some(true));
    }
}

// B1, D1
#[tokio::test]
async fn signing_in_answers_with_the_status_of_the_new_session() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let after_form = app.browser().sign_in(EMAIL, PASSWORD).await;

    let answer = sign_in(&mut browser, PASSWORD).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("location"), None);
    cookies_are_as_after_a_form(&answer, &after_form, &["__Host-dwell"]);
    assert!(!answer.body.contains(browser.cookie().unwrap()));
    let told = answer.json();
    assert_eq!(told["state"], "active");
    assert_eq!(told, browser.ask_status().await.json());

    let old = browser.clone();
    let anew = sign_in(&mut browser, PASSWORD).await.json();
    assert_ne!(anew["generation"], told["generation"]);
    assert_eq!(anew, browser.ask_status().await.json());
    let told = old.clone().ask_status().await;
    assert!(told.is_end(EndReason::Replaced), "{told:?}");
}

// D1: in a session that has ended, as when the page asks for the password over what it conceals.
#[tokio::test]
async fn signing_in_again_after_an_end_begins_a_session() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    app.advance(app.policy.idle());
    assert_eq!(sign_in(&mut browser, "wrong password").await.status, 401);
    assert!(browser.ask_status().await.is_end(EndReason::IdleTimeout));
    assert_eq!(sign_in(&mut browser, PASSWORD).await.status, 200);
    assert_eq!(browser.ask_status().await.status, 200);
}

#[tokio::test]
async fn wrong_credentials_are_refused_in_json_and_nothing_changes() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let before = browser.generation().await;

    let answer = sign_in(&mut browser, "wrong password").await;

    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.json(),
        serde_json::json!({
            "error": "wrong_credentials",
            "message": "The e-mail address or the password is not right.",
        })
    );
    assert!(answer.set_cookies().is_empty());
    assert_eq!(browser.generation().await, before);
    let nothing = form(by_script(Method::POST, SIGN_IN_PATH), &[]);
    assert_eq!(browser.send(nothing).await.status, 401);
}

/// This takes as long as somebody who signs in may wait for their password to be verified.
#[tokio::test]
async fn too_many_sign_ins_at_once_are_refused_in_json_and_on_a_page() {
    let app = TestApp::new().await;
    let passwords = Arc::new(Passwords::new(0).unwrap());
    let state = AppState::new(Services {
        accounts: Accounts::new(app.database.clone(), passwords, app.clock.clone()),
        ..(*app.state).clone()
    });
    let router = http::router(state);
    let browser = || app.browser().at(&router);
    let (mut script, mut user) = (browser(), browser());
    let (mut stranger, mut nonsense) = (browser(), browser());

    let (told, shown, to_stranger, to_nonsense) = tokio::join!(
        sign_in(&mut script, PASSWORD),
        user.sign_in(EMAIL, PASSWORD),
        stranger.sign_in("nobody@example.com", PASSWORD),
        nonsense.sign_in("no address", PASSWORD),
    );

    assert_eq!(told.status, 503);
    assert_eq!(told.json()["error"], "busy");
    let message = told.json()["message"].as_str().unwrap().to_owned();
    assert_eq!(shown.status, 503);
    assert!(shown.body.contains(&message), "{shown:?}");
    assert!(told.set_cookies().is_empty() && shown.set_cookies().is_empty());
    // A password is verified for an unknown address too, since the time would otherwise reveal it.
    assert_eq!([to_stranger.status, to_nonsense.status], [503, 503]);
}

// B1, H4, C2
#[tokio::test]
async fn signing_out_answers_with_the_end() {
    let app = TestApp::new().await;
    let after_form = app.in_session().await.sign_out().await;
    let mut browser = app.in_session().await.with_generation().await;
    let mut old = browser.clone();

    let answer = sign_out(&mut browser).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body, r#"{"state":"ended","reason":"signed_out"}"#);
    assert_eq!(answer.header("clear-site-data"), Some("\"storage\""));
    let names = ["__Host-dwell", "__Host-dwell-signed-out"];
    cookies_are_as_after_a_form(&answer, &after_form, &names);
    assert_eq!(browser.cookie(), None);
    assert!(old.ask_status().await.is_end(EndReason::SignedOut));
}

#[tokio::test]
async fn signing_out_of_an_ended_session_gives_the_reason_of_its_end() {
    for reason in EndReason::ALL {
        let app = TestApp::new().await;
        let mut browser = app.in_session().await.with_generation().await;
        match reason {
            EndReason::IdleTimeout => app.advance(app.policy.idle()),
            EndReason::AbsoluteTimeout => continue,
            _ => assert!(app.end(browser.id(), reason).await),
        }
        let answer = sign_out(&mut browser).await;
        assert!(answer.is_end(reason), "{answer:?}");
        // D3: the cookie may be that of a new session already.
        assert!(answer.set_cookies().is_empty());
        assert_eq!(answer.header("clear-site-data"), None);

        let answer = browser.submit(SIGN_OUT_PATH, &[]).await;
        assert_eq!(answer.location(), SIGN_IN_PATH);
    }
    let app = TestApp::new().await;
    let answer = sign_out(&mut app.browser()).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.body, r#"{"state":"anonymous"}"#);
    let answer = app.browser().submit(SIGN_OUT_PATH, &[]).await;
    assert_eq!(answer.location(), SIGN_IN_PATH);
}

// K1, J3
#[tokio::test]
async fn signing_out_requires_the_sessions_own_generation() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let elsewhere = app.in_session().await.generation().await.to_string();
    for (generation, status) in [(None, 403), (Some(elsewhere), 409)] {
        let mut request = by_script(Method::POST, SIGN_OUT_PATH);
        if let Some(generation) = generation {
            let generation = HeaderValue::try_from(generation).unwrap();
            request.headers_mut().insert("dwell-generation", generation);
        }
        let answer = browser.send(request).await;
        assert_eq!(answer.status, status);
        assert!(answer.set_cookies().is_empty());
    }
    assert_eq!(browser.ask_status().await.status, 200);
}

/// The answers to scripts do not affect navigations.
#[tokio::test]
async fn a_form_is_answered_with_a_page() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let answer = browser.sign_in(EMAIL, PASSWORD).await;
    assert_eq!(
        (answer.status.as_u16(), answer.location()),
        (303, "/workspace")
    );
    let answer = browser.sign_out().await;
    assert_eq!(answer.location(), SIGN_IN_PATH);

    // A browser without Fetch Metadata.
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let mut request = form(by_user(Method::POST, SIGN_IN_PATH), &fields);
    request.headers_mut().remove("sec-fetch-mode");
    assert_eq!(app.browser().send(request).await.status, 303);

    let begun = app.dwell.begin(app.account).await.unwrap();
    assert_eq!(begun.status().warning, app.policy.warning());
}
