//! `GET /metrics`, on an address of its own.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use tokio::net::TcpListener;

use super::Metrics;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers whoever collects the metrics, until it is aborted.
pub async fn serve(listener: TcpListener, metrics: Metrics) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/metrics", get(show))
        .with_state(metrics);
    axum::serve(listener, routes).await
}

async fn show(State(metrics): State<Metrics>) -> Response {
    match metrics.exposition() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
