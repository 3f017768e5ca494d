//! Renders pages.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use leptos::{
    nonce::{provide_nonce, use_nonce},
    prelude::*,
};

use crate::assets::Built;

/// Renders a page with this status. Everything that it shows has been loaded before.
pub fn render<V: IntoView>(
    built: &Built,
    status: StatusCode,
    page: impl FnOnce() -> V,
) -> Response {
    let assets = built.assets().clone();
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

/// A policy that allows inline scripts and styles only with the nonce of this answer.
fn content_security_policy(is_watched: bool) -> HeaderValue {
    let nonce = use_nonce()
        .map(|nonce| nonce.to_string())
        .unwrap_or_default();
    let connect = if is_watched { "'self' ws:" } else { "'self'" };
    let policy = format!(
        "default-src 'none'; \
         script-src 'strict-dynamic' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; connect-src {connect}; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}
