//! The routes in Dwell's sessions, beside its own.

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    extract::Query,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use dwell::{CurrentSession, Denied, SignIn};
use dwell_app::names::GENERATION_HEADER;
use dwell_server::{
    accounts::AccountId,
    application::Application,
    config::{Config, Settings},
    http::router,
    state::AppState,
    telemetry,
};
use serde::Deserialize;

use crate::{page::page, seed};

pub(crate) fn config() -> anyhow::Result<Config> {
    let settings = Settings::read(Path::new("dwell.toml"), std::env::vars())?;
    Ok(Config::from_settings(&settings)?)
}

pub(crate) async fn serve(stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
    let config = config()?;
    let _log = telemetry::start(&config.log);
    let accounts: Arc<[AccountId]> = seed::accounts(&config).await?.into();
    Application::build_with(config, |state| {
        measured(&state, accounts).merge(router(state))
    })
    .await?
    .run_until(stop)
    .await?;
    Ok(())
}

/// What is measured has the layers of the session around it, and none that other pages have.
fn measured(state: &AppState, accounts: Arc<[AccountId]>) -> Router {
    Router::new()
        .route("/page", get(show))
        .route("/slow-page", get(show_slowly))
        .route_layer(state.dwell.protect())
        .route(
            "/enter",
            post(move |sign_in, person| enter(sign_in, person, accounts)),
        )
        .layer(state.dwell.layer())
}

async fn show(current: CurrentSession) -> String {
    page(current.person())
}

/// As if the page had asked a database.
async fn show_slowly(current: CurrentSession) -> String {
    tokio::time::sleep(SLOW).await;
    page(current.person())
}

const SLOW: std::time::Duration = std::time::Duration::from_millis(2);

#[derive(Deserialize)]
struct Person {
    account: usize,
}

/// Signs in without a password, which would take longer than all else.
async fn enter(
    sign_in: SignIn,
    Query(Person { account }): Query<Person>,
    accounts: Arc<[AccountId]>,
) -> Result<Response, Denied> {
    let Some(account) = accounts.get(account.wrapping_sub(1)) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let signed_in = sign_in.begin(*account).await?;
    let generation = signed_in.status().generation.to_string();
    Ok(([(GENERATION_HEADER, generation)], signed_in).into_response())
}
