//! Rendering pages.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use dwell_app::pages::{MessagePage, SignedIn};
use leptos::{
    nonce::{provide_nonce, use_nonce},
    prelude::*,
};

use crate::{lifetime::CurrentSession, state::AppState, store::StoreError};

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
