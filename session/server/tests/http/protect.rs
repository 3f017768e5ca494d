//! Which routes are for people who are signed in alone (`C9`).

use axum::http::StatusCode;

use crate::program::Program;

// C9
#[tokio::test]
async fn every_protected_route_is_closed_but_those_that_are_excepted() {
    let program = Program::with(|dwell| dwell).await;
    let cookie = program.cookie().await;
    for (path, without) in [
        ("/generation", StatusCode::UNAUTHORIZED),
        ("/help", StatusCode::OK),
    ] {
        assert_eq!(program.page(path, None).await, without, "{path}");
        let status = program.page(path, Some(&cookie)).await;
        assert_eq!(status, StatusCode::OK, "{path}");
    }
}

// C9
#[tokio::test]
async fn an_excepted_path_opens_no_other() {
    let program = Program::with(|dwell| dwell).await;
    for path in ["/generation?/help", "/generation#/help"] {
        let status = program.page(path, None).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in ["/help/", "/help/../generation", "//help"] {
        let status = program.page(path, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}
