//! The page where one signs in.

use std::time::Duration;

use dwell_app::names::SIGN_IN_PATH;
use dwell_session::{EndReason, Limits};

use crate::harness::{Answer, EMAIL, PASSWORD, Setup, TestApp};

// F4
#[tokio::test]
async fn the_address_is_filled_in_after_a_timeout_and_at_no_other_end() {
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
        let is_remembered = [EndReason::IdleTimeout, EndReason::AbsoluteTimeout].contains(&reason);
        let expected = if is_remembered { EMAIL } else { "" };
        assert_eq!(page.field("email").unwrap(), expected, "{reason}");
    }
}

// F4
#[tokio::test]
async fn a_stranger_is_told_no_address() {
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
async fn signing_in_leads_nowhere_but_to_a_path_on_this_server() {
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
    // The form is as little to be trusted as the query. One password check tells as much as ten.
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
async fn what_is_reflected_in_the_form_stays_text() {
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
async fn the_idle_limit_of_the_live_policy_is_told() {
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

// C7
#[tokio::test]
async fn the_reason_is_told_in_words_and_an_unknown_one_is_passed_over() {
    let app = TestApp::new().await;
    let mut explanations = std::collections::BTreeSet::new();
    for reason in EndReason::ALL {
        let path = format!("{SIGN_IN_PATH}?reason={reason}");
        let page = app.browser().visit(&path).await.body;
        let (_, notice) = page.split_once("class=\"notice\">").unwrap();
        explanations.insert(notice.split_once("</p>").unwrap().0.to_owned());
    }
    assert_eq!(explanations.len(), EndReason::ALL.len());
    for reason in ["", "nonsense", "IDLE_TIMEOUT", "%00"] {
        let path = format!("{SIGN_IN_PATH}?reason={reason}");
        let page = app.browser().visit(&path).await;
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("role=\"status\""));
    }
}

/// The answer to somebody who tries to sign in, without what is random in it.
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
async fn a_wrong_password_leaves_the_session_before_alone() {
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
