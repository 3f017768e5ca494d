//! For whoever watches the server.

use axum::{Router, extract::State, http::StatusCode, routing::get};

use crate::state::AppState;

/// `/healthz`: the process runs. `/readyz`: the store answers.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
}

async fn ready(State(state): State<AppState>) -> (StatusCode, &'static str) {
    match state.sessions.ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the session store does not answer\n",
        ),
    }
}
