//! Answers for addresses and methods that do not exist.

use axum::{extract::State, http::StatusCode, response::Response};
use dwell::{CurrentSession, Denied, Refusal};
use dwell_app::pages::MessagePage;
use leptos::prelude::*;

use super::visitor::visitor;
use crate::{rendering::render, state::AppState};

/// The page for an address that does not exist.
pub(super) async fn not_found(
    State(state): State<AppState>,
    current: Option<CurrentSession>,
) -> Result<Response, Denied> {
    let visitor = visitor(&state, current.as_ref()).await?;
    Ok(render(&state.built, StatusCode::NOT_FOUND, || {
        view! {
            <MessagePage
                visitor
                heading="There is nothing here"
                advice="The address may be mistyped, or the page may be gone."
            />
        }
    }))
}

/// The address exists, but does not have this method, for example because it only receives forms.
pub(super) const METHOD_NOT_ALLOWED: Refusal = Refusal::new(
    StatusCode::METHOD_NOT_ALLOWED,
    "method_not_allowed",
    "There is nothing to see here",
    "This address only takes what a page sends to it. Nothing was changed.",
);

pub(super) async fn method_not_allowed() -> Refusal {
    METHOD_NOT_ALLOWED
}
