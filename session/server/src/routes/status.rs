//! `POST` keep-alive and status

use std::time::Duration;

use axum::{
    Json,
    extract::{Request, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use dwell_session::Status;
use serde::Deserialize;

use crate::{CurrentSession, Denied, Refusal};

/// What a page reports: `{"idle_for_ms": 1200}`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Report {
    idle_for_ms: u64,
}

/// Counts the activity that a page reports, and answers with the status. The only request besides
/// navigations and forms of the user that extends a session.
///
/// # Errors
///
/// It is not a report, or the store failed.
pub async fn keep_alive(
    current: CurrentSession,
    report: Result<Json<Report>, JsonRejection>,
) -> Result<Response, Denied> {
    let Ok(Json(Report { idle_for_ms })) = report else {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "bad_request",
            "This is no report",
            "The keep-alive takes {\"idle_for_ms\": <milliseconds>}.",
        )
        .into());
    };
    let status = current
        .keep_alive(Duration::from_millis(idle_for_ms))
        .await?;
    Ok(answer(status))
}

/// Answers with the status of the session, and extends nothing.
pub async fn status(current: CurrentSession, _: Request) -> Response {
    answer(Status::Active(current.status()))
}

fn answer(status: Status) -> Response {
    let code = match status {
        Status::Active(_) => StatusCode::OK,
        Status::Ended { .. } | Status::Anonymous => StatusCode::UNAUTHORIZED,
    };
    (code, Json(status)).into_response()
}
