//! Rendering pages, and answers that say that something did not work.

use std::any::Any;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use dwell_app::pages::{MessagePage, SignedIn};
use leptos::{
    nonce::{provide_nonce, use_nonce},
    prelude::*,
};
use serde_json::json;

use crate::{
    lifetime::{CurrentSession, is_navigation},
    state::AppState,
    store::StoreError,
};

/// Renders a page with this status. Everything it shows has been loaded before.
pub(super) fn render<V: IntoView>(
    state: &AppState,
    status: StatusCode,
    page: impl FnOnce() -> V,
) -> Response {
    let assets = state.built.assets().clone();
    let is_watched = assets.reload.is_some();
    let (policy, html) = Owner::new_root(None).with(|| {
        provide_nonce();
        provide_context(assets);
        (
            content_security_policy(is_watched),
            page().into_view().to_html(),
        )
    });
    (
        status,
        [(header::CONTENT_SECURITY_POLICY, policy)],
        Html(html),
    )
        .into_response()
}

/// Scripts run only with the nonce of this answer.
fn content_security_policy(is_watched: bool) -> HeaderValue {
    let nonce = use_nonce()
        .map(|nonce| nonce.to_string())
        .unwrap_or_default();
    let connect = if is_watched { "'self' ws:" } else { "'self'" };
    let policy = format!(
        "default-src 'none'; \
         script-src 'strict-dynamic' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src 'self' data:; connect-src {connect}; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

/// What a page says of the session it is shown in.
pub(super) async fn signed_in(
    state: &AppState,
    current: &CurrentSession,
) -> Result<SignedIn, StoreError> {
    let email = state.accounts.email(current.account).await?;
    let status = current.live.told(state.sessions.policy());
    Ok(SignedIn { email, status })
}

/// Nothing is here.
pub(super) async fn not_found(State(state): State<AppState>) -> Response {
    render(&state, StatusCode::NOT_FOUND, || {
        view! {
            <MessagePage
                heading="There is nothing here"
                advice="The address may be mistyped, or the page may be gone."
            />
        }
    })
}

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
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response<Body> {
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
