//! Answers that say that something was not done, and why.

use std::any::Any;

use axum::{
    Extension, Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use dwell_app::pages::{MessagePage, Visitor};
use leptos::prelude::*;
use serde_json::json;

use crate::{navigation::is_navigation, rendering::render, state::AppState, store::StoreError};

/// An answer that says why nothing was done: a page for a navigation, JSON with `code` otherwise.
pub fn refusal(
    headers: &HeaderMap,
    status: StatusCode,
    code: &str,
    heading: &'static str,
    advice: &'static str,
) -> Response {
    if is_navigation(headers) {
        say(status, Message { heading, advice })
    } else {
        error(status, code, advice)
    }
}

/// An answer to a script that says why nothing was done.
pub fn error(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": code, "message": message }))).into_response()
}

/// The store does not answer: nobody is served as if they were not signed in (`A11`).
pub fn unavailable(headers: &HeaderMap, error: &StoreError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "request denied");
    let mut response = refusal(
        headers,
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "This does not work at the moment",
        "Nothing was changed, and nobody was signed out. Reload this page in a few seconds: a form \
         that you sent is then sent again.",
    );
    let soon = HeaderValue::from_static("5");
    response.headers_mut().insert(header::RETRY_AFTER, soon);
    response
}

/// A handler panicked; the request gets an answer and the server goes on.
pub fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    let message = Message {
        heading: "Something went wrong",
        advice: "It has been written down. Please try again.",
    };
    say(StatusCode::INTERNAL_SERVER_ERROR, message)
}

/// What a refusal says to a person. Part of the answer until [`show`] makes a page of it.
#[derive(Debug, Clone, Copy)]
struct Message {
    heading: &'static str,
    advice: &'static str,
}

fn say(status: StatusCode, message: Message) -> Response {
    (status, Extension(message)).into_response()
}

/// Makes a page of what a refusal says.
pub fn show(state: &AppState, mut response: Response) -> Response {
    let Some(Message { heading, advice }) = response.extensions_mut().remove() else {
        return response;
    };
    let mut page = render(&state.built, response.status(), || {
        view! { <MessagePage visitor=Visitor::Unknown heading advice /> }
    });
    for (name, value) in response.headers() {
        if name != header::CONTENT_LENGTH {
            page.headers_mut().append(name, value.clone());
        }
    }
    page
}
