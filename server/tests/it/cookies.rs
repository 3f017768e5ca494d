//! Tests of the session cookie, and of where its value must not appear.

use std::collections::BTreeSet;

use axum::http::Method;
use dwell::{SameSite, SessionCookie, store::SessionId};
use dwell_app::names::SIGN_OUT_PATH;
use tower_sessions::cookie;

use crate::{
    harness::{Answer, EMAIL, PASSWORD, SetCookie, Setup, TestApp, by_script, by_user},
    routes::ROUTES,
};

fn only_cookie(answer: &Answer) -> SetCookie {
    let cookies = answer.session_cookies();
    let [cookie] = cookies.as_slice() else {
        panic!("{answer:?}");
    };
    cookie.clone()
}

fn assert_attributes(cookie: &SetCookie) {
    assert_eq!(cookie.name(), "__Host-dwell");
    assert_eq!(cookie.path(), Some("/"));
    assert_eq!(cookie.domain(), None);
    assert_eq!(cookie.secure(), Some(true));
    assert_eq!(cookie.http_only(), Some(true));
    assert_eq!(cookie.same_site(), Some(cookie::SameSite::Lax));
}

// B1, B2, B3, B5
#[tokio::test]
async fn the_cookie_is_bound_to_the_host_when_it_is_set_and_when_it_is_removed() {
    let app = TestApp::new().await;
    let mut browser = app.browser();

    let given = only_cookie(&browser.sign_in(EMAIL, PASSWORD).await);
    assert_attributes(&given);
    assert_eq!(given.max_age(), None);
    assert_eq!(given.expires(), None);

    let given_again = only_cookie(&browser.sign_in(EMAIL, PASSWORD).await);
    assert_attributes(&given_again);
    assert_eq!(given_again.max_age(), None);

    let mut cookies = browser.sign_out().await.set_cookies();
    let [taken, told] = cookies.as_mut_slice() else {
        panic!("{cookies:?}");
    };
    assert_attributes(taken);
    assert_eq!(taken.value(), "");
    assert_eq!(taken.max_age(), Some(cookie::time::Duration::ZERO));
    // This cookie says for a short time that somebody has signed out, but not who.
    assert_eq!(told.name(), "__Host-dwell-signed-out");
    assert_eq!(told.value(), "1");
    assert_eq!(told.max_age(), Some(cookie::time::Duration::minutes(1)));
    told.set_name("__Host-dwell");
    assert_attributes(told);
}

// B3
#[tokio::test]
async fn same_site_is_as_configured() {
    let app = TestApp::of(Setup {
        cookie: SessionCookie::new("__Host-dwell", true, SameSite::Strict).unwrap(),
        ..Setup::default()
    })
    .await;
    let given = only_cookie(&app.browser().sign_in(EMAIL, PASSWORD).await);
    assert_eq!(given.same_site(), Some(cookie::SameSite::Strict));
}

// B4
#[tokio::test]
async fn an_id_is_128_random_bits() {
    let app = TestApp::new().await;
    let mut bits_seen = (0_u128, u128::MAX);
    let mut ids = BTreeSet::new();
    for _ in 0..64 {
        let id = app.in_session().await.id();
        bits_seen.0 |= id.0.cast_unsigned();
        bits_seen.1 &= id.0.cast_unsigned();
        ids.insert(id.to_string());
    }
    assert_eq!(ids.len(), 64);
    // A random bit is always set, or never, only once in 2^56 runs.
    assert_eq!(bits_seen, (u128::MAX, 0));
    assert!(ids.iter().all(|id| id.len() == 22));
}

// B2, B7
#[tokio::test]
async fn the_id_is_in_no_body_and_in_no_header_but_set_cookie() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let mut answers = vec![browser.sign_in(EMAIL, PASSWORD).await];
    let id = browser.cookie().unwrap().to_owned();
    let decimal = browser.id().0.to_string();
    for route in &ROUTES {
        // Signing in is left out because it would begin another session, and signing out comes
        // last.
        for request in [
            by_user(Method::GET, route.path),
            by_script(Method::GET, route.path),
            by_user(Method::PUT, route.path),
        ] {
            answers.push(browser.send(request).await);
        }
    }
    answers.push(browser.keep_alive(0).await);
    let fields = [("text", "a note")];
    answers.push(
        browser
            .submit_from("/workspace", "/workspace", &fields)
            .await,
    );
    answers.push(browser.submit_from("/workspace", SIGN_OUT_PATH, &[]).await);
    let mut old = app.browser().with_cookie(&id);
    answers.push(old.visit("/workspace").await);
    answers.push(old.ask_status().await);

    for mut answer in answers {
        assert!(!answer.body.contains(&id) && !answer.body.contains(&decimal));
        answer.headers.remove("set-cookie");
        let headers = format!("{:?}", answer.headers);
        assert!(!headers.contains(&id), "{headers}");
    }
}

// B5
#[tokio::test]
async fn the_cookie_of_an_ended_session_is_refused_if_the_browser_has_kept_it() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in().await;
    let mut kept = browser.clone();
    browser.sign_out().await;
    assert_eq!(browser.cookie(), None);
    assert_eq!(kept.ask_status().await.status, 401);
}

// B8, D1
#[tokio::test]
async fn an_invented_id_is_never_adopted() {
    let app = TestApp::new().await;
    let invented = SessionId::default().to_string();
    for cookie in [
        invented.as_str(),
        "",
        "1",
        "invented",
        "AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let mut browser = app.browser().with_cookie(cookie);
        assert_eq!(browser.fetch("/workspace").await.status, 401);
        assert_eq!(browser.visit("/").await.status, 200);
        assert_eq!(browser.cookie(), Some(cookie), "nothing is set or removed");

        assert_eq!(browser.sign_in(EMAIL, PASSWORD).await.status, 303);
        assert_ne!(browser.cookie(), Some(cookie));
        assert_eq!(browser.fetch("/workspace").await.status, 200);

        let mut attacker = app.browser().with_cookie(cookie);
        assert_eq!(attacker.fetch("/workspace").await.status, 401);
    }
    assert_eq!(app.count("select count(*) from dwell_sessions").await, 5);
}

// D1
#[tokio::test]
async fn every_sign_in_gives_a_new_id_and_ends_the_old_session() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in().await;
    let mut old = browser.clone();
    let old_generation = browser.generation().await;

    browser.sign_in(EMAIL, PASSWORD).await;

    assert_ne!(browser.cookie(), old.cookie());
    assert_ne!(browser.generation().await, old_generation);
    let told = old.ask_status().await;
    assert!(told.is_end(dwell::EndReason::Replaced), "{told:?}");
}

// D3
#[tokio::test]
async fn a_late_answer_for_an_old_id_leaves_the_new_cookie_alone() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in().await;
    let mut old = browser.clone();
    browser.sign_in(EMAIL, PASSWORD).await;
    for route in &ROUTES {
        for request in [
            by_user(route.method.clone(), route.path),
            by_script(route.method.clone(), route.path),
        ] {
            let answer = old.send(request).await;
            assert!(answer.set_cookies().is_empty(), "{route:?} {answer:?}");
        }
    }
    assert_eq!(browser.visit("/workspace").await.status, 200);
}

// B9
#[tokio::test]
async fn browsers_are_told_to_use_https_for_a_year_if_the_cookie_is_secure() {
    let secure = TestApp::new().await;
    let plain = TestApp::of(Setup {
        cookie: SessionCookie::new("dwell", false, SameSite::Lax).unwrap(),
        ..Setup::default()
    })
    .await;
    for route in &ROUTES {
        let request = || by_user(Method::GET, route.path);
        let answer = secure.browser().send(request()).await;
        let demanded = answer.header("strict-transport-security").unwrap();
        assert!(demanded.starts_with("max-age=31536000"), "{route:?}");
        let answer = plain.browser().send(request()).await;
        assert_eq!(answer.header("strict-transport-security"), None);
    }
}
