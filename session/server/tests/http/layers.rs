//! Where the layers are, and what becomes of a request that finds them elsewhere.

use axum::{
    Router,
    body::Body,
    http::{
        Request, Response, StatusCode,
        header::{CACHE_CONTROL, COOKIE, HeaderValue, LOCATION},
    },
    routing::get,
};
use dwell::{CurrentSession, Dwell};
use tower::ServiceExt as _;

use crate::program::{cookie_of, set_up};

async fn who(current: CurrentSession) -> String {
    current.person().to_string()
}

async fn ask(router: &Router, path: &str, cookie: Option<&HeaderValue>) -> Response<Body> {
    let request = Request::get(path).header("sec-fetch-mode", "navigate");
    let mut request = request.body(Body::empty()).unwrap();
    if let Some(cookie) = cookie {
        request.headers_mut().insert(COOKIE, cookie.clone());
    }
    router.clone().oneshot(request).await.unwrap()
}

async fn sign_in(dwell: &Dwell) -> HeaderValue {
    cookie_of(&dwell.begin("alice").await.unwrap())
}

// F5
#[tokio::test]
async fn signing_in_leads_back_to_a_page_in_a_nested_router() {
    let (dwell, _directory) = set_up(|dwell| dwell).await;
    let protected = Router::new()
        .route("/who", get(who))
        .route_layer(dwell.protect().except(["/who", "/part/open"]))
        .route("/extracted", get(who));
    let layered = Router::new().route("/who", get(who)).layer(dwell.layer());
    let router = Router::new()
        .nest("/part", protected)
        .layer(dwell.layer())
        .nest("/layered", layered);
    for path in ["/part/who", "/part/extracted", "/layered/who"] {
        let answer = ask(&router, path, None).await;
        let location = answer.headers()[LOCATION].to_str().unwrap();
        let next = path.replace('/', "%2F");
        assert_eq!(location, format!("/sign-in?next={next}"));
    }
}

#[tokio::test]
async fn protection_asks_for_a_session_of_its_own_instance() {
    let (one, _directory) = set_up(|dwell| dwell).await;
    let (other, _other_directory) = set_up(|dwell| dwell).await;
    let router = Router::new()
        .route("/who", get(who))
        .route_layer(other.protect())
        .layer(one.layer());
    let cookie = sign_in(&one).await;
    let answer = ask(&router, "/who", Some(&cookie)).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn a_protected_page_for_signing_in_is_a_fault_and_no_endless_redirect() {
    let (dwell, _directory) = set_up(|dwell| dwell).await;
    let router = Router::new()
        .route("/sign-in", get(StatusCode::OK))
        .route_layer(dwell.protect())
        .layer(dwell.layer());
    let answer = ask(&router, "/sign-in", None).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

// H1
#[tokio::test]
async fn no_answer_in_a_session_is_stored_unless_it_says_so() {
    let (dwell, _directory) = set_up(|dwell| dwell).await;
    let router = Router::new()
        .route("/page", get(StatusCode::OK))
        .route("/file", get(async || [(CACHE_CONTROL, "max-age=60")]))
        .layer(dwell.layer());
    let cookie = sign_in(&dwell).await;
    // The first request asks the store, and the second one the index.
    for _ in 0..2 {
        for (path, cookie, expected) in [
            ("/page", Some(&cookie), Some("no-store")),
            ("/file", Some(&cookie), Some("max-age=60")),
            ("/page", None, None),
        ] {
            let answer = ask(&router, path, cookie).await;
            let stored = answer.headers().get(CACHE_CONTROL);
            assert_eq!(stored.map(|value| value.to_str().unwrap()), expected);
        }
    }
}
