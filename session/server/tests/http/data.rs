//! The data that a program keeps in a session.

use axum::{
    Router,
    body::Body,
    http::{
        Request, Response, StatusCode,
        header::{COOKIE, HeaderValue, SET_COOKIE},
    },
    routing::{get, post},
};
use dwell::{DataError, Denied, Dwell, LONGEST_DATA};
use tower::ServiceExt as _;
use tower_sessions::Session;

use crate::program::{cookie_of, set_up, text};

const KEY: &str = "kept";

/// A program that keeps as many bytes as the body of a request says, and tells how many it keeps.
fn router(dwell: &Dwell) -> Router {
    let keep = async |session: Session, length: String| -> Result<(), Denied> {
        let length = length.parse().unwrap();
        session.insert(KEY, "x".repeat(length)).await?;
        Ok(())
    };
    let tell = async |session: Session| -> Result<String, Denied> {
        let kept: String = session.get(KEY).await?.unwrap_or_default();
        Ok(kept.len().to_string())
    };
    let flush = async |session: Session| -> Result<&'static str, Denied> {
        session.flush().await?;
        Ok("flushed")
    };
    // The session ends while the handler runs.
    let end = async |session: Session| -> Result<(), Denied> {
        let same = session.clone();
        session.insert(KEY, "").await?;
        same.delete().await?;
        Ok(())
    };
    Router::new()
        .route("/data", get(tell).post(keep))
        .route("/end", post(end))
        .route("/flush", post(flush))
        .route_layer(dwell.data())
        .layer(dwell.layer())
}

async fn send(router: &Router, request: Request<Body>) -> Response<Body> {
    router.clone().oneshot(request).await.unwrap()
}

async fn keep(router: &Router, cookie: Option<&HeaderValue>, length: usize) -> StatusCode {
    let request = Request::post("/data");
    let mut request = request.body(Body::from(length.to_string())).unwrap();
    if let Some(cookie) = cookie {
        request.headers_mut().insert(COOKIE, cookie.clone());
    }
    send(router, request).await.status()
}

async fn kept(router: &Router, cookie: &HeaderValue) -> String {
    let request = Request::get("/data").header(COOKIE, cookie);
    text(send(router, request.body(Body::empty()).unwrap()).await).await
}

#[tokio::test]
async fn what_is_not_kept_is_refused_with_its_reason() {
    let (dwell, _directory) = set_up(|dwell| dwell).await;
    let router = router(&dwell);
    let cookie = cookie_of(&dwell.begin("alice").await.unwrap());

    assert_eq!(keep(&router, Some(&cookie), 100).await, StatusCode::OK);
    assert_eq!(kept(&router, &cookie).await, "100");
    let too_long = keep(&router, Some(&cookie), LONGEST_DATA).await;
    assert_eq!(too_long, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(kept(&router, &cookie).await, "100");

    // A fault of the program, which the log explains.
    let without = keep(&router, None, 100).await;
    assert_eq!(without, StatusCode::INTERNAL_SERVER_ERROR);

    let request = Request::post("/end").header(COOKIE, &cookie);
    let ended = send(&router, request.body(Body::empty()).unwrap()).await;
    assert_eq!(ended.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_handler_that_flushes_the_session_signs_out() {
    let (dwell, _directory) = set_up(|dwell| dwell).await;
    let router = router(&dwell);
    let cookie = cookie_of(&dwell.begin("alice").await.unwrap());
    assert_eq!(keep(&router, Some(&cookie), 1).await, StatusCode::OK);

    let request = Request::post("/flush").header(COOKIE, &cookie);
    let answer = send(&router, request.body(Body::empty()).unwrap()).await;
    let removal = answer.headers()[SET_COOKIE].to_str().unwrap();
    assert!(removal.contains("Max-Age=0"), "{removal}");
    assert_eq!(text(answer).await, "flushed");
    assert_eq!(kept(&router, &cookie).await, "0");
}

#[test]
fn the_reason_is_found_in_the_error_that_a_handler_gets() {
    use tower_sessions::{session, session_store};

    for reason in [DataError::NoSession, DataError::Ended, DataError::TooLarge] {
        let error = session_store::Error::Backend(reason.to_string());
        assert_eq!(DataError::of(&session::Error::Store(error)), Some(reason));
    }
    let other = session_store::Error::Backend("the disk is full".into());
    assert_eq!(DataError::of(&session::Error::Store(other)), None);
}
