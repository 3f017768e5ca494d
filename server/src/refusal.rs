//! Answers that say that something was not done, and why. They need nothing else to work.

use std::any::Any;

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use serde_json::json;

use crate::{navigation::is_navigation, store::StoreError};

/// An answer that says why nothing was done: a page for a navigation, JSON with `code` otherwise.
pub fn refusal(
    headers: &HeaderMap,
    status: StatusCode,
    code: &str,
    heading: &'static str,
    advice: &'static str,
) -> Response {
    if is_navigation(headers) {
        plain_page(status, heading, advice)
    } else {
        (status, Json(json!({ "error": code, "message": advice }))).into_response()
    }
}

/// The store does not answer: nobody is served as if they were not signed in (`A11`).
pub fn unavailable(headers: &HeaderMap, error: &StoreError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "request denied");
    let mut response = refusal(
        headers,
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "This does not work at the moment",
        "Nothing was changed, and nobody was signed out. Please try again soon.",
    );
    let soon = HeaderValue::from_static("5");
    response.headers_mut().insert(header::RETRY_AFTER, soon);
    response
}

/// A handler panicked; the request gets an answer and the server goes on.
pub fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    plain_page(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong",
        "It has been written down. Please try again.",
    )
}

/// A page that needs nothing else to work.
fn plain_page(status: StatusCode, heading: &str, advice: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{heading} · Dwell</title></head>\
         <body><main><h1>{heading}</h1><p>{advice}</p><p><a href=\"/\">To the first page</a></p>\
         </main></body></html>"
    );
    (status, Html(page)).into_response()
}
