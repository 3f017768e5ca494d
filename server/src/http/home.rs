//! `GET /`

use axum::{extract::State, http::StatusCode, response::Response};
use dwell_app::pages::HomePage;
use leptos::prelude::*;

use super::page::render;
use crate::state::AppState;

pub(super) async fn show(State(state): State<AppState>) -> Response {
    let policy = *state.sessions.policy();
    render(&state, StatusCode::OK, move || {
        view! { <HomePage idle=policy.idle() absolute=policy.absolute() /> }
    })
}
