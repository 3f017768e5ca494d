//! Which requests of another site are let on (`K2`).

use axum::{
    body::Body,
    http::{
        Request, StatusCode,
        header::{COOKIE, HeaderValue},
    },
};
use dwell::GenerationRule;

use crate::program::Program;

async fn sent_from_another_site(
    program: &Program,
    path: &str,
    cookie: Option<&HeaderValue>,
) -> StatusCode {
    let request = Request::post(path).header("sec-fetch-site", "cross-site");
    let mut request = request.body(Body::empty()).unwrap();
    if let Some(cookie) = cookie {
        request.headers_mut().insert(COOKIE, cookie.clone());
    }
    program.answer(request).await.status()
}

// K2
#[tokio::test]
async fn where_generations_are_checked_another_site_may_send_without_a_session_alone() {
    let program = Program::with(|dwell| dwell.generations(GenerationRule::Checked)).await;
    let cookie = program.cookie().await;
    let table = [
        ("/callback", StatusCode::NO_CONTENT),
        ("/sign-in", StatusCode::FORBIDDEN),
        ("/.dwell/status", StatusCode::FORBIDDEN),
        ("/.dwell/sign-out", StatusCode::FORBIDDEN),
    ];
    for (path, without) in table {
        let status = sent_from_another_site(&program, path, None).await;
        assert_eq!(status, without, "{path}");
        let status = sent_from_another_site(&program, path, Some(&cookie)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}, with a session");
    }
}

// K2
#[tokio::test]
async fn another_site_signs_nobody_in_at_any_path() {
    let program = Program::with(|dwell| dwell).await;
    let path = "/api/sign-in";
    let status = sent_from_another_site(&program, path, None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let request = Request::post(path).header("sec-fetch-site", "same-origin");
    let answer = program.answer(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

// K2
#[tokio::test]
async fn where_generations_are_required_another_site_may_send_nothing() {
    let program = Program::with(|dwell| dwell.generations(GenerationRule::Required)).await;
    let cookie = program.cookie().await;
    for path in [
        "/callback",
        "/sign-in",
        "/.dwell/status",
        "/.dwell/sign-out",
    ] {
        for cookie in [None, Some(&cookie)] {
            let status = sent_from_another_site(&program, path, cookie).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path} {cookie:?}");
        }
    }
}
