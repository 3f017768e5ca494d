//! The routes without any session.

use std::net::SocketAddr;

use axum::{
    Json, Router,
    routing::{get, post},
};
use dwell::{Checks, Generation, Instant, Lifetime, Limits, Policy, Status};
use dwell_app::api::KeepAlive;
use leptos::server_fn::ServerFn as _;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::page::page;

#[derive(Deserialize)]
struct Report {
    idle_for_ms: i64,
}

pub(crate) async fn serve(
    addr: SocketAddr,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let policy = Policy::new(Limits::default(), None, Checks::Enforce)?;
    let keep_alive = async move |Json(report): Json<Report>| Json(told(&policy, &report));
    let router = Router::new()
        .route("/page", get(async || page(1)))
        .route(KeepAlive::PATH, post(keep_alive));
    let listener = TcpListener::bind(addr).await?;
    axum::serve(listener, router)
        .with_graceful_shutdown(stop)
        .await?;
    Ok(())
}

/// As long as the answer of a server that keeps sessions.
fn told(policy: &Policy, report: &Report) -> Status {
    let now = Instant::from_millis(report.idle_for_ms);
    Lifetime::begin(now).status(policy, Generation::from_random(1 << 127), now)
}
