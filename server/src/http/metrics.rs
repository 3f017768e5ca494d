//! `GET /metrics`, on an address of its own.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};

use crate::{
    state::{AppState, Services},
    telemetry::dropped_lines,
};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The routes of the address for metrics, which only the collector should be able to reach.
pub fn metrics_router(state: AppState) -> Router {
    Router::new().route("/metrics", get(show)).with_state(state)
}

/// Answers with all metrics. If the engine does not answer, the number of live sessions is the one
/// that was counted last.
async fn show(State(state): State<AppState>) -> Response {
    let Services { dwell, metrics, .. } = &*state;
    dwell.measure();
    metrics.index_staleness(dwell.staleness());
    metrics.log_lines_dropped(dropped_lines());
    if let Ok(count) = dwell.count().await {
        metrics.live_sessions(count);
    }
    match metrics.exposition() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
