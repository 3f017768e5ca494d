//! Tests that the cookie of an ended session is useless on every route.

use axum::http::Method;
use dwell::EndReason;
use dwell_app::names::{SIGN_IN_PATH, SIGN_OUT_PATH};

use crate::{
    harness::{Answer, Browser, EMAIL, HOST, PASSWORD, TestApp, by_script, by_user, form},
    routes::{Access, protected, with_access},
};

const NOTE: &str = "a note that is nobody else's business";

/// An app with a note, and the browser of its author, which still sends the cookie of a session
/// that ended for `reason`.
async fn ended(reason: EndReason) -> (TestApp, Browser) {
    let app = TestApp::new().await;
    let mut browser = app.signed_in().await;
    let answer = browser
        .submit_from("/workspace", "/workspace", &[("text", NOTE)])
        .await;
    assert_eq!(answer.status, 303);
    let old = browser.clone().with_generation().await;
    match reason {
        EndReason::IdleTimeout => app.advance(app.policy.idle()),
        EndReason::AbsoluteTimeout => {
            let half = app.policy.idle() / 2;
            let steps = app.policy.absolute().as_millis() / half.as_millis();
            for _ in 1..steps {
                app.advance(half);
                assert_eq!(browser.visit("/workspace").await.status, 200);
            }
            app.advance(half);
        }
        EndReason::SignedOut => {
            assert_eq!(browser.sign_out().await.status, 303);
            assert_eq!(browser.cookie(), None);
        }
        EndReason::Revoked => {
            let mut other = app.signed_in().await;
            let path = "/account/sign-out-others";
            let answer = other.submit_from("/account", path, &[]).await;
            assert_eq!(answer.location(), "/account");
        }
        EndReason::Replaced => {
            assert_eq!(browser.sign_in(EMAIL, PASSWORD).await.status, 303);
            assert_ne!(browser.cookie(), old.cookie());
        }
        EndReason::Restored => assert!(app.end(browser.id(), reason).await),
    }
    (app, old)
}

fn assert_shows_nothing(answer: &Answer) {
    assert!(!answer.body.contains(NOTE), "{}", answer.body);
    assert!(!answer.body.contains(EMAIL), "{}", answer.body);
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
}

// A12, C1, C7, C9, D1, D3
#[tokio::test]
async fn no_protected_route_serves_an_ended_session() {
    for reason in EndReason::ALL {
        let (app, mut old) = ended(reason).await;
        let notes = app.count("select count(*) from notes").await;
        for route in protected() {
            for method in [route.method.clone(), Method::GET, Method::PUT] {
                let fields = [("text", "written after the end"), ("id", "1")];

                let answer = old
                    .send(form(by_script(method.clone(), route.path), &fields))
                    .await;
                assert!(answer.is_end(reason), "{route:?} {answer:?}");
                assert_shows_nothing(&answer);

                let answer = old.send(form(by_user(method, route.path), &fields)).await;
                assert_eq!(answer.status, 303, "{route:?}");
                assert_eq!(answer.location().split('?').next(), Some(SIGN_IN_PATH));
                assert!(!answer.location().contains("reason"), "{answer:?}");
                assert_shows_nothing(&answer);
            }
        }
        assert_eq!(app.count("select count(*) from notes").await, notes);
    }
}

// C1, D3
#[tokio::test]
async fn a_public_route_treats_an_ended_session_as_anonymous() {
    for reason in EndReason::ALL {
        let (_app, mut old) = ended(reason).await;
        for route in with_access(Access::Public) {
            let answer = old.send(by_user(route.method.clone(), route.path)).await;
            assert!(!answer.status.is_server_error());
            assert!(!answer.body.contains(NOTE));
            // F4: the sign-in page may fill in the address of a person who was timed out.
            let remembers = answer.field("email").is_some_and(|email| email == EMAIL);
            if !remembers {
                assert_shows_nothing(&answer);
            }
            assert!(answer.set_cookies().is_empty());
        }
        let signed_out_again = old.submit(SIGN_OUT_PATH, &[]).await;
        assert_eq!(signed_out_again.location(), SIGN_IN_PATH);
        assert_shows_nothing(&signed_out_again);
    }
}

// A12
#[tokio::test]
async fn no_protected_route_serves_somebody_who_never_signed_in() {
    let app = TestApp::new().await;
    for route in protected() {
        let answer = app
            .browser()
            .send(by_script(route.method.clone(), route.path))
            .await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.body, r#"{"state":"anonymous"}"#);

        let answer = app
            .browser()
            .send(by_user(route.method.clone(), route.path))
            .await;
        assert_eq!(answer.status, 303);
        assert!(answer.set_cookies().is_empty());
    }
}

// C9
#[tokio::test]
async fn a_navigation_is_redirected_to_the_sign_in_page_and_back() {
    let (_app, mut old) = ended(EndReason::IdleTimeout).await;
    let answer = old.visit("/workspace?page=2&q=a%20b").await;
    assert_eq!(
        answer.location(),
        "/sign-in?next=%2Fworkspace%3Fpage%3D2%26q%3Da%2520b"
    );

    let page = old.visit(answer.location()).await;
    assert!(page.body.contains("had not been active"));
    let next = page.field("next").unwrap();
    let fields = [("email", EMAIL), ("password", PASSWORD), ("next", &next)];
    let answer = old.submit(SIGN_IN_PATH, &fields).await;
    assert_eq!(answer.location(), "/workspace?page=2&q=a%20b");
}

// C9
#[tokio::test]
async fn a_form_sent_too_late_leads_back_to_its_page() {
    let (_app, mut old) = ended(EndReason::IdleTimeout).await;
    let sent_from = |referrer: &str| {
        let mut request = form(by_user(Method::POST, "/workspace/delete"), &[("id", "1")]);
        let referrer = referrer.try_into().unwrap();
        request.headers_mut().insert("referer", referrer);
        request
    };
    let own = format!("https://{HOST}/workspace?page=2");
    let answer = old.send(sent_from(&own)).await;
    assert_eq!(answer.location(), "/sign-in?next=%2Fworkspace%3Fpage%3D2");
    for elsewhere in [
        "https://evil.example/workspace",
        "https://dwell.example.evil.example/workspace",
        "https://dwell.example//evil.example",
        "https://dwell.example:8443/workspace",
        "/workspace",
        "nonsense",
    ] {
        let answer = old.send(sent_from(elsewhere)).await;
        assert_eq!(answer.location(), SIGN_IN_PATH, "{elsewhere}");
    }
}
