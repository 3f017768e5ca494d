//! The data of a session, which `tower_sessions` reads and writes.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tower_sessions::Session;

use super::cookie;
use crate::state::AppState;

/// Runs inside the [`LifetimeLayer`](super::LifetimeLayer), around the handlers that take a
/// [`Session`], and writes what they have changed of it. What cannot be written is not answered as
/// if it had been.
pub async fn lend_data(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = cookie::presented(&state.cookie, request.headers());
    let data = Session::new(id, Arc::clone(&state.session_data), None);
    request.extensions_mut().insert(data.clone());
    let response = next.run(request).await;
    let has_changed = data.is_modified() && !data.is_empty().await;
    if !has_changed || response.status().is_server_error() {
        return response;
    }
    match data.save().await {
        Ok(()) => response,
        Err(error) => {
            tracing::error!(%error, "the data of a session could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
