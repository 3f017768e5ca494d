//! For whoever watches the server.

use axum::{Router, extract::State, http::StatusCode, routing::get};

use crate::state::AppState;

/// `/healthz`: the process runs. `/readyz`: the session store and the database answer.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
}

async fn ready(State(state): State<AppState>) -> (StatusCode, &'static str) {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    if state.sessions.ping().await.is_err() {
        return (unavailable, "the session store does not answer\n");
    }
    match state.accounts.ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (unavailable, "the database does not answer\n"),
    }
}
