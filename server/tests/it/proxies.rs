//! Tests of which proxies are trusted to report the address of a client.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::ConnectInfo,
    http::{HeaderValue, Method},
};

use crate::harness::{EMAIL, PASSWORD, Setup, TestApp, by_user, form};

/// The address that the account page shows for a session that began over a connection from `peer`.
async fn shown_address(proxies: &str, peer: &str, headers: &[(&'static str, &str)]) -> String {
    let app = TestApp::of(Setup {
        trusted_proxies: proxies.parse().unwrap(),
        ..Setup::default()
    })
    .await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let mut request = form(by_user(Method::POST, "/sign-in"), &fields);
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).unwrap();
        request.headers_mut().append(*name, value);
    }
    let peer: IpAddr = peer.parse().unwrap();
    let connection = ConnectInfo(SocketAddr::from((peer, 4711)));
    request.extensions_mut().insert(connection);
    assert_eq!(app.browser().send(request).await.status, 303);

    let page = app.in_session().await.visit("/account").await.body;
    let (before, _) = page.split_once(", signed in").unwrap();
    let (_, address) = before.rsplit_once('>').unwrap();
    address.trim().to_owned()
}

// E3
#[tokio::test]
async fn without_the_setting_no_header_changes_the_address() {
    let claims = [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-real-ip", "203.0.113.9"),
        ("forwarded", "for=203.0.113.9"),
    ];
    assert_eq!(shown_address("", "127.0.0.1", &claims).await, "127.0.0.1");
    assert_eq!(
        shown_address("192.0.2.1", "127.0.0.1", &claims).await,
        "127.0.0.1"
    );
}

// E3
#[tokio::test]
async fn the_address_that_a_trusted_proxy_reports_is_shown_and_not_what_the_client_claims() {
    let proxies = "127.0.0.1, 10.0.0.0/8";
    let forwarded = [("x-forwarded-for", "198.51.100.1, 203.0.113.9, 10.0.0.7")];
    assert_eq!(
        shown_address(proxies, "127.0.0.1", &forwarded).await,
        "203.0.113.9"
    );
    let lines = [
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-for", "203.0.113.9"),
    ];
    assert_eq!(
        shown_address(proxies, "10.1.2.3", &lines).await,
        "203.0.113.9"
    );
    let malformed = [("x-forwarded-for", "<b>somebody</b>")];
    assert_eq!(
        shown_address(proxies, "127.0.0.1", &malformed).await,
        "127.0.0.1"
    );
    let other = [("forwarded", "for=203.0.113.9")];
    assert_eq!(
        shown_address(proxies, "127.0.0.1", &other).await,
        "127.0.0.1"
    );
}
