//! What pages have in common.

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use dwell_app::pages::{MessagePage, SignedIn};
use leptos::prelude::*;

use crate::{
    lifetime::CurrentSession,
    refusal::{refusal, unavailable},
    rendering::render,
    sessions::Visit,
    state::AppState,
    store::StoreError,
    visitor::{self, visitor},
};

/// What a page says of the session it is shown in.
pub(super) async fn signed_in(
    state: &AppState,
    current: &CurrentSession,
) -> Result<SignedIn, StoreError> {
    visitor::signed_in(state, &current.live).await
}

/// Nothing is here.
pub(super) async fn not_found(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    headers: HeaderMap,
) -> Response {
    let visitor = match visitor(&state, &visit).await {
        Ok(visitor) => visitor,
        Err(error) => return unavailable(&headers, &error),
    };
    render(&state.built, StatusCode::NOT_FOUND, || {
        view! {
            <MessagePage
                visitor
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
