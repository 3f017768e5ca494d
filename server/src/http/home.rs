//! `GET /`

use axum::{extract::State, http::StatusCode, response::Response};
use dwell::{CurrentSession, Denied};
use dwell_app::pages::HomePage;
use leptos::prelude::*;

use super::visitor::visitor;
use crate::{rendering::render, state::AppState};

pub(super) async fn show(
    State(state): State<AppState>,
    current: Option<CurrentSession>,
) -> Result<Response, Denied> {
    let visitor = visitor(&state, current.as_ref()).await?;
    let policy = *state.dwell.policy();
    Ok(render(&state.built, StatusCode::OK, move || {
        view! { <HomePage visitor idle=policy.idle() absolute=policy.absolute() /> }
    }))
}
