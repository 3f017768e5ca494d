//! The routes in Dwell's sessions, beside its own.

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use dwell_app::names::GENERATION_HEADER;
use dwell_server::{
    account_id::AccountId,
    application::Application,
    config::{Config, Settings},
    http::{behind_sign_in, router, with_sessions},
    lifetime::CurrentSession,
    sessions::Begun,
    state::AppState,
    store::Origin,
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
    .await;
    Ok(())
}

/// What is measured has the layers of the session around it, and none that other pages have.
fn measured(state: &AppState, accounts: Arc<[AccountId]>) -> Router {
    let pages = Router::new()
        .route("/page", get(show))
        .route("/slow-page", get(show_slowly));
    let entry = Router::new().route(
        "/enter",
        post(move |state, origin, person| enter(state, origin, person, accounts)),
    );
    behind_sign_in(pages, state)
        .merge(with_sessions(entry, state))
        .with_state(state.clone())
}

async fn show(current: CurrentSession) -> String {
    page(current.account)
}

/// As if the page had asked a database.
async fn show_slowly(current: CurrentSession) -> String {
    tokio::time::sleep(SLOW).await;
    page(current.account)
}

const SLOW: std::time::Duration = std::time::Duration::from_millis(2);

#[derive(Deserialize)]
struct Person {
    account: usize,
}

/// Signs in without a password, which would take longer than all else.
async fn enter(
    State(state): State<AppState>,
    origin: Origin,
    Query(Person { account }): Query<Person>,
    accounts: Arc<[AccountId]>,
) -> Response {
    let Some(account) = accounts.get(account.wrapping_sub(1)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match state.sessions.begin(*account, None, origin).await {
        Ok(Begun { id, told }) => {
            let generation = (GENERATION_HEADER, told.generation.to_string());
            (state.cookie.issue(id), [generation], "").into_response()
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "nobody can enter");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
