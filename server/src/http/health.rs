//! The routes for load balancers and monitoring.

use std::{borrow::Cow, error::Error as _};

use axum::{Router, extract::State, http::StatusCode, routing::get};

use dwell::{sqlite::Unusable, store::StoreError};

use crate::state::AppState;

/// `GET /healthz` answers while the process runs. `GET /readyz` says whether the session store and
/// the database answer and can be written.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
}

async fn ready(State(state): State<AppState>) -> (StatusCode, Cow<'static, str>) {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    if let Err(error) = state.accounts.ping().await {
        return (unavailable, reason(&error));
    }
    match state.dwell.ping().await {
        Ok(()) => (StatusCode::OK, "ready\n".into()),
        Err(_) => (unavailable, "the session store does not answer\n".into()),
    }
}

fn reason(error: &StoreError) -> Cow<'static, str> {
    let reason = error.source().and_then(|source| source.downcast_ref());
    match reason {
        Some(reason @ (Unusable::Lost | Unusable::Full)) => format!("{reason}\n").into(),
        None => "the database does not answer\n".into(),
    }
}
