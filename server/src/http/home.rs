//! `GET /`

use axum::{extract::State, http::StatusCode, response::Response};
use dwell_app::pages::HomePage;
use leptos::prelude::*;

use crate::{rendering::render, state::AppState};

pub(super) async fn show(State(state): State<AppState>) -> Response {
    let policy = *state.sessions.policy();
    render(&state.built, StatusCode::OK, move || {
        view! { <HomePage idle=policy.idle() absolute=policy.absolute() /> }
    })
}
