//! Tests of the limits on attempts to sign in, and of whom they keep out.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::{extract::ConnectInfo, http::Method};
use dwell_app::names::SIGN_IN_PATH;

use crate::{
    harness::{Answer, Browser, EMAIL, PASSWORD, TestApp, by_script, by_user, form},
    logs::Log,
};

const NOBODY: &str = "nobody@example.com";

/// An attempt from `client`.
async fn attempt(browser: &mut Browser, client: &str, email: &str, password: &str) -> Answer {
    let fields = [("email", email), ("password", password)];
    let mut request = form(by_user(Method::POST, SIGN_IN_PATH), &fields);
    let client: IpAddr = client.parse().unwrap();
    let connection = ConnectInfo(SocketAddr::from((client, 4711)));
    request.extensions_mut().insert(connection);
    browser.send(request).await
}

/// The statuses of wrong attempts at an account during an hour, one every ten seconds, each from
/// another address.
async fn an_hour_of_guesses(app: &TestApp, email: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    for guess in 0..360 {
        let client = format!("198.51.{}.{}", guess / 200, guess % 200);
        let answer = attempt(&mut app.browser(), &client, email, "wrong password").await;
        statuses.push(answer.status.as_u16());
        app.advance(Duration::from_secs(10));
    }
    statuses
}

#[tokio::test]
async fn an_account_allows_forty_guesses_an_hour_from_all_addresses_whether_it_exists_or_not() {
    let app = TestApp::new().await;
    let statuses = an_hour_of_guesses(&app, EMAIL).await;
    let guesses = statuses.iter().filter(|status| **status == 401).count();
    assert!((30..=40).contains(&guesses), "{guesses}");
    assert!(statuses.iter().all(|status| [401, 429].contains(status)));
    assert_eq!(an_hour_of_guesses(&app, NOBODY).await, statuses);
}

#[tokio::test]
async fn an_owner_can_sign_in_from_a_known_browser_while_others_guess() {
    let app = TestApp::new().await;
    let mut owners = app.signed_in().await;
    assert_eq!(owners.sign_out().await.status, 303);
    for guess in 0..10 {
        let client = format!("198.51.100.{guess}");
        attempt(&mut app.browser(), &client, EMAIL, "wrong password").await;
    }
    let home = "203.0.113.1";
    let refused = attempt(&mut app.browser(), home, EMAIL, PASSWORD).await;
    assert_eq!(refused.status, 429);
    let answer = attempt(&mut owners, home, EMAIL, PASSWORD).await;
    assert_eq!(answer.status, 303);

    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    app.advance(Duration::from_secs(wait));
    let answer = attempt(&mut app.browser(), home, EMAIL, PASSWORD).await;
    assert_eq!(answer.status, 303);
}

#[tokio::test]
async fn a_known_browser_is_known_to_one_account_and_has_a_limit_of_its_own() {
    let app = TestApp::new().await;
    app.another_account("bob@example.com").await;
    let mut adas = app.signed_in().await;
    let home = "203.0.113.1";
    for client in 0..10 {
        let client = format!("198.51.100.{client}");
        attempt(&mut app.browser(), &client, "bob@example.com", "wrong").await;
    }
    let at_bobs = attempt(&mut adas, home, "bob@example.com", PASSWORD).await;
    assert_eq!(at_bobs.status, 429);

    for _ in 0..10 {
        let answer = attempt(&mut adas, home, EMAIL, "wrong password").await;
        assert_eq!(answer.status, 401);
    }
    let answer = attempt(&mut adas, home, EMAIL, PASSWORD).await;
    assert_eq!(answer.status, 429);
    let elsewhere = attempt(&mut app.browser(), home, EMAIL, PASSWORD).await;
    assert_eq!(elsewhere.status, 303);
}

#[tokio::test]
async fn attempts_from_one_network_at_many_accounts_are_limited_and_others_can_sign_in() {
    let app = TestApp::new().await;
    let mut refused = 0;
    for guess in 0..60 {
        let client = format!("2001:db8::{guess:x}");
        let email = format!("{guess}@example.com");
        let answer = attempt(&mut app.browser(), &client, &email, "summer2026").await;
        refused += u32::from(answer.status == 429);
    }
    assert_eq!(refused, 10);
    let same = attempt(&mut app.browser(), "2001:db8::abcd:1", EMAIL, PASSWORD).await;
    assert_eq!(same.status, 429);
    for other in ["2001:db8:0:1::1", "192.0.2.1"] {
        let answer = attempt(&mut app.browser(), other, EMAIL, PASSWORD).await;
        assert_eq!(answer.status, 303, "{other}");
    }
}

#[tokio::test]
async fn correct_passwords_do_not_count() {
    let app = TestApp::new().await;
    for _ in 0..15 {
        let answer = attempt(&mut app.browser(), "192.0.2.1", EMAIL, PASSWORD).await;
        assert_eq!(answer.status, 303);
    }
}

#[tokio::test]
async fn a_refusal_is_a_page_or_json_and_says_when_to_try_again() {
    let app = TestApp::new().await;
    for _ in 0..10 {
        attempt(&mut app.browser(), "192.0.2.1", EMAIL, "wrong password").await;
    }
    let page = attempt(&mut app.browser(), "192.0.2.1", EMAIL, PASSWORD).await;
    assert_eq!(page.status, 429);
    assert_eq!(page.header("retry-after"), Some("121"));
    assert!(page.body.contains("too many attempts"), "{}", page.body);
    assert_eq!(page.field("email").unwrap(), EMAIL);
    assert!(page.set_cookies().is_empty());

    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let request = form(by_script(Method::POST, SIGN_IN_PATH), &fields);
    let answer = app.browser().send(request).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("retry-after"), Some("121"));
    assert_eq!(answer.json()["error"], "too_many_attempts");
    let counted = app.state.metrics.exposition().unwrap();
    let throttled = "dwell_sign_ins_throttled_total{by=\"account\"} 2\n";
    assert!(counted.contains(throttled), "{counted}");
}

// L5
#[tokio::test]
async fn an_alarm_names_the_account_and_no_secret() {
    let app = TestApp::new().await;
    let (log, _guard) = Log::capture("info");
    for _ in 0..12 {
        attempt(&mut app.browser(), "192.0.2.1", EMAIL, "a wrong password").await;
    }
    let alarm = [
        "sign_in_alarm",
        "limit=\"account\"",
        "account=1",
        "192.0.2.1",
    ];
    assert_eq!(log.lines_with(&alarm), 1, "{}", log.text());
    assert!(!log.text().contains("a wrong password"));
    assert!(!log.text().contains(EMAIL));
}

// B1, B2, B3
#[tokio::test]
async fn the_device_cookie_is_bound_to_the_host_and_signs_nobody_in() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let answer = browser.sign_in(EMAIL, PASSWORD).await;
    let mut cookies = answer.set_cookies();
    cookies.retain(|cookie| cookie.name() == "__Host-dwell-known");
    let [cookie] = cookies.as_slice() else {
        panic!("{answer:?}");
    };
    assert_eq!(cookie.path(), Some("/"));
    assert_eq!(cookie.domain(), None);
    assert_eq!(cookie.secure(), Some(true));
    assert_eq!(cookie.http_only(), Some(true));
    assert!(cookie.same_site().is_some());
    assert!(!cookie.value().contains('@'));

    let again = browser.sign_in(EMAIL, PASSWORD).await;
    assert!(again.set_cookies().contains(cookie));
    let mut stranger = app.browser().with_cookie(cookie.value());
    assert_eq!(stranger.fetch("/workspace").await.status, 401);
}
