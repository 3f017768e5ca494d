//! What pages have in common.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use dwell_app::pages::{MessagePage, SignedIn};
use leptos::prelude::*;

use crate::{
    lifetime::CurrentSession, refusal::refusal, rendering::render, state::AppState,
    store::StoreError,
};

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
    render(&state.built, StatusCode::NOT_FOUND, || {
        view! {
            <MessagePage
                heading="There is nothing here"
                advice="The address may be mistyped, or the page may be gone."
            />
        }
    })
}

/// There is something here, but not for this method: an address that only takes forms, for one.
pub(super) async fn method_not_allowed(headers: HeaderMap) -> Response {
    refusal(
        &headers,
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "There is nothing to see here",
        "This address only takes what a page sends to it. Nothing was changed.",
    )
}
