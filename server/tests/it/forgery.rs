//! Tests of requests that another site makes a browser send.

use axum::http::{HeaderValue, Method};

use crate::{
    harness::{EMAIL, HOST, PASSWORD, TestApp, by_user, form},
    routes::{Access, ROUTES},
};

type Headers = &'static [(&'static str, &'static str)];

const REFUSED: [Headers; 8] = [
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site")],
    &[("sec-fetch-site", "")],
    &[
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://dwell.example"),
    ],
    &[("origin", "https://evil.example")],
    &[("origin", "https://dwell.example.evil.example")],
    &[("origin", "https://evil.example/dwell.example")],
    &[("origin", "null")],
];

const SERVED: [Headers; 4] = [
    &[("sec-fetch-site", "same-origin")],
    &[("sec-fetch-site", "none")],
    &[("origin", "https://dwell.example")],
    &[],
];

fn request(route: &str, headers: Headers) -> axum::http::Request<axum::body::Body> {
    let fields = [("email", EMAIL), ("password", PASSWORD), ("text", "forged")];
    let mut request = form(by_user(Method::POST, route), &fields);
    request.headers_mut().remove("sec-fetch-site");
    for (name, value) in headers {
        let value = HeaderValue::from_static(value);
        request.headers_mut().insert(*name, value);
    }
    request
}

// K2
#[tokio::test]
async fn every_route_refuses_a_post_from_another_site() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await.with_generation().await;
    let posts = ROUTES
        .iter()
        .filter(|route| route.method == Method::POST && route.access != Access::Sessionless);
    for route in posts {
        for headers in REFUSED {
            let answer = browser.send(request(route.path, headers)).await;
            assert_eq!(answer.status, 403, "{route:?} {headers:?}");
            assert!(answer.body.contains("another site"));
            assert!(answer.set_cookies().is_empty());

            // A browser leaves out a cookie that is only for requests of its own site.
            let answer = app.browser().send(request(route.path, headers)).await;
            assert_eq!(
                answer.status, 403,
                "{route:?} {headers:?}, without a cookie"
            );
            assert!(answer.body.contains("another site"));
        }
    }
    assert_eq!(app.count("select count(*) from notes").await, 0);
    assert_eq!(app.count("select count(*) from dwell_sessions").await, 1);
    assert_eq!(browser.visit("/workspace").await.status, 200);
}

// K2
#[tokio::test]
async fn a_post_from_our_own_page_is_accepted() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await.with_generation().await;
    for headers in SERVED {
        let answer = browser.send(request("/workspace", headers)).await;
        assert_eq!(answer.status, 303, "{headers:?}");
        let answer = app.browser().send(request("/sign-in", headers)).await;
        assert_eq!(answer.status, 303, "{headers:?}");
    }
    assert_eq!(app.count("select count(*) from notes").await, 4);
}

// K2: nobody is signed in to somebody else's account from another site.
#[tokio::test]
async fn signing_in_cannot_be_forged() {
    let app = TestApp::new().await;
    for headers in REFUSED {
        let mut browser = app.browser();
        let answer = browser.send(request("/sign-in", headers)).await;
        assert_eq!(answer.status, 403, "{headers:?}");
        assert_eq!(browser.cookie(), None);
    }
    assert_eq!(HOST, "dwell.example");
    assert_eq!(app.count("select count(*) from dwell_sessions").await, 0);
}

// K2: a link on another site may be followed.
#[tokio::test]
async fn a_navigation_from_another_site_is_served() {
    let app = TestApp::new().await;
    let mut browser = app.in_session().await;
    let mut request = by_user(Method::GET, "/workspace");
    let site = HeaderValue::from_static("cross-site");
    request.headers_mut().insert("sec-fetch-site", site);
    assert_eq!(browser.send(request).await.status, 200);
}
