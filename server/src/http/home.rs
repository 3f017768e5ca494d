//! `GET /`

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use dwell_app::pages::HomePage;
use leptos::prelude::*;

use crate::{
    refusal::unavailable, rendering::render, sessions::Visit, state::AppState, visitor::visitor,
};

pub(super) async fn show(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    headers: HeaderMap,
) -> Response {
    let visitor = match visitor(&state, &visit).await {
        Ok(visitor) => visitor,
        Err(error) => return unavailable(&headers, &error),
    };
    let policy = *state.sessions.policy();
    render(&state.built, StatusCode::OK, move || {
        view! { <HomePage visitor idle=policy.idle() absolute=policy.absolute() /> }
    })
}
