//! What pages have in common.

use axum::{extract::State, http::StatusCode, response::Response};
use dwell_app::pages::{MessagePage, SignedIn};
use leptos::prelude::*;

use crate::{lifetime::CurrentSession, rendering::render, state::AppState, store::StoreError};

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
