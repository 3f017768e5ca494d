//! Tests of the page for signing in.

use std::time::Duration;

use argon2::{Argon2, PasswordHasher as _};
use axum::http::Method;
use dwell::{EndReason, Limits};
use dwell_app::names::SIGN_IN_PATH;
use dwell_server::accounts::Password;

use crate::{
    harness::{Answer, EMAIL, PASSWORD, Setup, TestApp, by_script, by_user, form},
    routes::{Access, ROUTES},
};

// F4
#[tokio::test]
async fn the_address_is_filled_in_after_an_unintended_end() {
    for reason in EndReason::ALL {
        let app = TestApp::new().await;
        let mut browser = app.in_session().await;
        match reason {
            EndReason::IdleTimeout => app.advance(app.policy.idle()),
            EndReason::AbsoluteTimeout => {
                let mut left = app.policy.absolute();
                while !left.is_zero() {
                    assert_eq!(browser.keep_alive(0).await.status, 200);
                    let step = left.min(app.policy.idle() / 2);
                    app.advance(step);
                    left -= step;
                }
            }
            _ => assert!(app.end(browser.id(), reason).await),
        }
        assert!(browser.ask_status().await.is_end(reason), "{reason}");

        let page = browser.visit(SIGN_IN_PATH).await;
        let is_remembered = reason.keeps_page();
        let expected = if is_remembered { EMAIL } else { "" };
        assert_eq!(page.field("email").unwrap(), expected, "{reason}");
    }
}

// F4
#[tokio::test]
async fn no_address_is_filled_in_for_other_browsers() {
    let app = TestApp::new().await;
    app.in_session().await;
    app.advance(app.policy.idle());
    let page = app.browser().visit(SIGN_IN_PATH).await;
    assert_eq!(page.field("email").unwrap(), "");
    assert!(!page.body.contains(EMAIL));
}

// F4
#[tokio::test]
async fn password_managers_find_their_fields() {
    let app = TestApp::new().await;
    let page = app.browser().visit(SIGN_IN_PATH).await.body;
    for attribute in [
        "autocomplete=\"username\"",
        "autocomplete=\"current-password\"",
    ] {
        assert!(page.contains(attribute), "{attribute}");
    }
    assert!(!page.contains("onpaste"));
}

// F5
#[tokio::test]
async fn signing_in_redirects_only_to_paths_on_this_server() {
    let app = TestApp::new().await;
    let elsewhere = [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\nLocation: https://evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/sign-in",
        "/sign-out",
    ];
    for next in elsewhere {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("next", next)
            .finish();
        let mut browser = app.browser();
        let page = browser.visit(&format!("{SIGN_IN_PATH}?{query}")).await;
        assert_eq!(page.field("next").unwrap(), "/workspace", "{next:?}");
    }
    // The form is trusted as little as the query. One address is enough here, because verifying a
    // password takes long.
    let fields = |next| [("email", EMAIL), ("password", PASSWORD), ("next", next)];
    for next in ["//evil.example", "/\\evil.example", "https://evil.example"] {
        let answer = app.browser().submit(SIGN_IN_PATH, &fields(next)).await;
        assert_eq!(answer.location(), "/workspace", "{next:?}");
    }
    let kept = "/workspace?page=2&q=%2F%2Fevil.example";
    let answer = app.browser().submit(SIGN_IN_PATH, &fields(kept)).await;
    assert_eq!(answer.location(), kept);
}

// F5
#[tokio::test]
async fn values_in_the_form_are_escaped() {
    let app = TestApp::new().await;
    let attack = "/a\"><script>alert(1)</script>";
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("next", attack)
        .append_pair("reason", attack)
        .finish();
    let page = app
        .browser()
        .visit(&format!("{SIGN_IN_PATH}?{query}"))
        .await;
    assert!(!page.body.contains("<script"), "{}", page.body);
    let answer = app.browser().sign_in(attack, "wrong").await;
    assert_eq!(answer.status, 401);
    assert!(!answer.body.contains("<script"), "{}", answer.body);
}

// G5
#[tokio::test]
async fn the_idle_timeout_in_force_is_shown() {
    for (idle, told) in [(1_800, "30 minutes"), (754, "12 minutes 34 seconds")] {
        let limits = Limits {
            idle: Duration::from_secs(idle),
            ..Limits::default()
        };
        let app = TestApp::of(Setup {
            limits,
            ..Setup::default()
        })
        .await;
        let page = app.browser().visit(SIGN_IN_PATH).await.body;
        assert!(page.contains("signed out after"), "{page}");
        assert!(page.contains(told), "{page}");
    }
}

/// The notice on the page for signing in.
fn notice(page: &Answer) -> Option<&str> {
    let (_, notice) = page.body.split_once("class=\"notice\"")?;
    Some(notice.split_once("</p>")?.0)
}

// C7
#[tokio::test]
async fn the_reason_shown_is_that_of_this_browsers_last_session() {
    let mut explanations = std::collections::BTreeSet::new();
    for reason in EndReason::ALL {
        let app = TestApp::new().await;
        let mut browser = app.in_session().await;
        assert!(app.end(browser.id(), reason).await);
        // A reason in the address is ignored.
        let page = browser.visit("/sign-in?reason=nonsense").await;
        explanations.insert(notice(&page).unwrap().to_owned());
    }
    assert_eq!(explanations.len(), EndReason::ALL.len());
}

// C7
#[tokio::test]
async fn a_reason_in_the_address_is_not_shown() {
    let app = TestApp::new().await;
    let mut signed_in = app.in_session().await;
    for reason in EndReason::ALL {
        let path = format!("{SIGN_IN_PATH}?reason={reason}");
        let page = app.browser().visit(&path).await;
        assert_eq!(notice(&page), None, "{reason}");
        let page = signed_in.visit(&path).await;
        for told in ["You were signed out", "You have signed out"] {
            assert!(!page.body.contains(told), "{reason}");
        }
    }
}

// C7
#[tokio::test]
async fn a_sign_out_is_mentioned_until_somebody_signs_in() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let answer = browser.sign_out().await;
    for _ in 0..2 {
        let page = browser.visit(answer.location()).await;
        assert!(notice(&page).unwrap().contains("You have signed out."));
    }
    browser.sign_in(EMAIL, PASSWORD).await;
    let page = browser.visit(answer.location()).await;
    assert!(!page.body.contains("You have signed out."));
}

#[tokio::test]
async fn a_signed_in_person_is_told_so_and_can_continue() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let page = browser.visit("/sign-in?next=%2Faccount%3Fa%3Db").await;
    assert!(page.body.contains("You are signed in as"), "{}", page.body);
    assert!(page.body.contains(EMAIL));
    assert!(page.body.contains("href=\"/account?a=b\""), "{}", page.body);
    assert!(
        page.body.contains("name=\"dwell-status\""),
        "the page has no monitor"
    );
    // Signing in again, as somebody else or as the same person, begins a new session.
    let grace = "grace@example.com";
    app.another_account(grace).await;
    let fields = [
        ("email", grace),
        ("password", PASSWORD),
        ("next", "/account"),
    ];
    let answer = browser.submit(SIGN_IN_PATH, &fields).await;
    assert_eq!(answer.location(), "/account");
    assert!(browser.visit("/account").await.body.contains(grace));

    let refused = browser.sign_in(EMAIL, "wrong password").await;
    assert_eq!(refused.status, 401);
    assert!(refused.body.contains("You are signed in as"), "{refused:?}");
}

/// Tries every address of the server as the page after signing in.
#[tokio::test]
async fn signing_in_always_redirects_to_a_page() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    for route in ROUTES
        .iter()
        .filter(|route| route.access != Access::Sessionless)
    {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("next", route.path)
            .finish();
        let page = app
            .browser()
            .visit(&format!("{SIGN_IN_PATH}?{query}"))
            .await;
        let next = page.field("next").unwrap();
        let answer = browser.visit(&next).await;
        assert_eq!(answer.status, 200, "{} leads to {next}", route.path);
    }
}

#[tokio::test]
async fn unreadable_forms_are_refused_with_messages_of_the_application() {
    let app = TestApp::new().await;
    let browser = app.in_session().await.with_generation().await;
    for route in ROUTES
        .iter()
        .filter(|route| route.access != Access::Sessionless)
    {
        let form_of = |body: &'static str| (by_user(route.method.clone(), route.path), body);
        let kind = "application/x-www-form-urlencoded";
        for (kind, (mut request, body)) in [
            (kind, form_of("id=none&id=1&email=%ff%00&email=2")),
            (kind, form_of("")),
            ("text/plain", form_of("text")),
            (kind, (by_user(Method::PUT, route.path), "")),
        ] {
            request
                .headers_mut()
                .insert("content-type", kind.parse().unwrap());
            *request.body_mut() = body.into();
            let answer = browser.clone().send(request).await;
            let said = &answer.body;
            for raw in ["deserialize", "Expected", "missing field", "Form requests"] {
                assert!(!said.contains(raw), "{route:?} {kind} {said}");
            }
            if answer.status.is_client_error() {
                let is_own = said.contains("<h1>") || said.starts_with('{');
                assert!(is_own, "{route:?} {kind} {answer:?}");
            }
        }
    }
    let mut browser = app.in_session().await.with_generation().await;
    let request = form(by_script(Method::POST, "/workspace/delete"), &[("id", "x")]);
    let answer = browser.send(request).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["error"], "bad_form");
    let answer = browser.send(by_script(Method::PUT, "/workspace")).await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.json()["error"], "method_not_allowed");
}

/// NIST SP 800-63B: a password is normalised, because keyboards enter characters in different ways.
#[tokio::test]
async fn a_password_is_the_same_however_its_characters_are_composed() {
    let app = TestApp::new().await;
    let email = "zoe@example.com";
    let composed = "Zo\u{eb} waits for \u{fb01}sh";
    let password = Password::chosen(composed.into()).unwrap();
    app.accounts
        .add(&email.parse().unwrap(), password)
        .await
        .unwrap();
    for typed in [composed, "Zoe\u{308} waits for fish", "Ｚoë waits for fish"] {
        let answer = app.browser().sign_in(email, typed).await;
        assert_eq!(answer.status, 303, "{typed}");
    }
    assert_eq!(
        app.browser()
            .sign_in(email, "Zoe waits for fish")
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_hash_of_a_password_that_was_not_normalised_still_matches() {
    let app = TestApp::new().await;
    let typed = "Zoe\u{308} waits for fish";
    let hash = Argon2::default().hash_password(typed.as_bytes()).unwrap();
    sqlx::query("update accounts set password_hash = $1")
        .bind(hash.to_string())
        .execute(&app.pool)
        .await
        .unwrap();
    assert_eq!(app.browser().sign_in(EMAIL, typed).await.status, 303);
}

/// The answer to an attempt to sign in, without its random parts.
async fn refusal(app: &TestApp, password: &str) -> Answer {
    let mut answer = app.browser().sign_in(EMAIL, password).await;
    answer.headers.remove("content-security-policy");
    answer
}

#[tokio::test]
async fn an_unknown_address_is_answered_like_a_wrong_password() {
    let app = TestApp::new().await;
    let wrong = refusal(&app, "wrong password").await;
    sqlx::query("delete from accounts")
        .execute(&app.pool)
        .await
        .unwrap();
    for password in ["wrong password", PASSWORD] {
        let unknown = refusal(&app, password).await;
        assert_eq!(unknown.status, 401);
        assert_eq!(unknown.status, wrong.status);
        assert_eq!(unknown.headers, wrong.headers);
        assert_eq!(unknown.body, wrong.body);
    }
}

#[tokio::test]
async fn a_wrong_password_leaves_the_current_session_alone() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let answer = browser.sign_in(EMAIL, "wrong password").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.field("email").unwrap(), EMAIL);
    assert!(!answer.body.contains("wrong password"));
    assert_eq!(browser.visit("/workspace").await.status, 200);
}

#[tokio::test]
async fn the_address_may_be_typed_in_capitals() {
    let app = TestApp::new().await;
    let answer = app.browser().sign_in(" ADA@Example.COM ", PASSWORD).await;
    assert_eq!(answer.status, 303);
}

// E1
#[tokio::test]
async fn the_least_recently_active_of_more_than_a_hundred_sessions_ends() {
    let app = TestApp::new().await;
    let mut browsers = Vec::new();
    for _ in 0..100 {
        app.advance_ms(10);
        browsers.push(app.in_session().await);
    }
    app.advance(app.policy.touch_interval());
    assert_eq!(browsers[0].visit("/workspace").await.status, 200);
    let live = "select count(*) from dwell_sessions where ended_at is null";
    assert_eq!(app.count(live).await, 100);

    for least_recent in &mut browsers[1..4] {
        let mut newest = app.in_session().await;
        assert_eq!(app.count(live).await, 100);
        let answer = least_recent.ask_status().await;
        assert!(answer.is_end(EndReason::Replaced), "{answer:?}");
        assert_eq!(newest.visit("/workspace").await.status, 200);
    }
    assert_eq!(browsers[0].visit("/workspace").await.status, 200);
    let mut somebody_else = {
        let account = app.another_account("grace@example.com").await;
        app.in_session_of(account).await
    };
    assert_eq!(somebody_else.visit("/workspace").await.status, 200);
    assert_eq!(app.count(live).await, 101);
}

// D1
#[tokio::test]
async fn a_session_that_has_ended_is_not_rotated() {
    let app = TestApp::new().await;
    let old = app.in_session().await;
    app.end(old.id(), EndReason::Revoked).await;
    let mut anew = old.clone();
    assert_eq!(anew.sign_in(EMAIL, PASSWORD).await.status, 303);
    assert_eq!(anew.ask_status().await.status, 200);
    let told = old.clone().ask_status().await;
    assert!(told.is_end(EndReason::Revoked), "the first reason stays");
}
