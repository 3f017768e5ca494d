//! `GET /pkg/…`: the built files

use std::io::{Error, ErrorKind};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tower_http::services::ServeDir;

use dwell::Refusal;

use super::page::METHOD_NOT_ALLOWED;
use crate::state::AppState;

/// For a file whose name changes with its content.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

const READ_ONLY: HeaderValue = HeaderValue::from_static("GET,HEAD");

pub(super) fn routes() -> Router<AppState> {
    Router::new().fallback(serve)
}

/// Answers with a file. Browsers may cache a file for ever if its name changes with its content.
/// That a file is missing is not cached, because the next deployment may contain it.
async fn serve(State(state): State<AppState>, request: Request) -> Response {
    let mut directory = ServeDir::new(state.built.directory())
        .precompressed_br()
        .append_index_html_on_directories(false);
    let mut file = match directory.try_call(request).await {
        Ok(answer) => answer.map(Body::new),
        Err(error) if is_invalid_name(error.kind()) => return NOT_FOUND.into_response(),
        Err(error) => return unreadable(&error),
    };
    match file.status() {
        StatusCode::NOT_FOUND => NOT_FOUND.into_response(),
        StatusCode::METHOD_NOT_ALLOWED => {
            let mut answer = METHOD_NOT_ALLOWED.into_response();
            answer.headers_mut().insert(header::ALLOW, READ_ONLY);
            answer
        }
        status => {
            let is_file = status.is_success() || status == StatusCode::NOT_MODIFIED;
            if is_file && state.built.is_hashed() {
                file.headers_mut().insert(header::CACHE_CONTROL, IMMUTABLE);
            }
            file
        }
    }
}

/// Whether the operating system does not accept the name, for example because it is too long.
fn is_invalid_name(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidFilename | ErrorKind::InvalidInput | ErrorKind::NotADirectory
    )
}

fn unreadable(error: &Error) -> Response {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "cannot read a built file"
    );
    UNREADABLE.into_response()
}

const UNREADABLE: Refusal = Refusal::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "unavailable",
    "This does not work at the moment",
    "Please try again soon.",
);

const NOT_FOUND: Refusal = Refusal::new(
    StatusCode::NOT_FOUND,
    "not_found",
    "There is nothing here",
    "The address may be mistyped, or the file may be gone. Open the page again.",
);
