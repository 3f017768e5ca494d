//! The handlers of the keep-alive and of the status.

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

/// The body of a keep-alive, for example `{"idle_for_ms": 1200}`: how long ago the user was last
/// active, in milliseconds.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Report {
    idle_for_ms: u64,
}

/// Handles a keep-alive: counts the activity that the page reports, and answers with the status.
/// Besides navigations and forms of the user, this is the only request that extends a session.
///
/// # Errors
///
/// The body is not valid, or the store failed.
pub async fn keep_alive(
    current: CurrentSession,
    report: Result<Json<Report>, JsonRejection>,
) -> Result<Response, Denied> {
    let Ok(Json(Report { idle_for_ms })) = report else {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "bad_request",
            "This is not a report",
            "A keep-alive needs the body {\"idle_for_ms\": <milliseconds>}.",
        )
        .into());
    };
    let status = current
        .keep_alive(Duration::from_millis(idle_for_ms))
        .await?;
    Ok(answer(status))
}

/// Handles a request for the status of the session. This does not extend the session.
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
