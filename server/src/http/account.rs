//! `GET /account`, `POST /account/sign-out-others`

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use dwell_app::pages::{AccountPage, OtherSession};
use leptos::prelude::*;

use super::page::signed_in;
use crate::{
    lifetime::CurrentSession,
    refusal::unavailable,
    rendering::render,
    state::AppState,
    store::{ListedSession, StoreError},
};

pub(super) async fn show(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
) -> Response {
    let (signed_in, others) = match load(&state, &current).await {
        Ok(loaded) => loaded,
        Err(error) => return unavailable(&headers, &error),
    };
    let policy = *state.sessions.policy();
    render(&state.built, StatusCode::OK, move || {
        view! {
            <AccountPage
                signed_in
                idle=policy.idle()
                absolute=policy.absolute()
                others=others
            />
        }
    })
}

async fn load(
    state: &AppState,
    current: &CurrentSession,
) -> Result<(dwell_app::pages::SignedIn, Vec<OtherSession>), StoreError> {
    let signed_in = signed_in(state, current).await?;
    let live = &current.live;
    let others = state
        .sessions
        .others(current.account, live.session.key)
        .await?
        .into_iter()
        .map(|ListedSession { session, origin }| OtherSession {
            signed_in_ago: live.now.since(session.lifetime.authenticated_at()),
            active_ago: live.now.since(session.lifetime.last_active_at()),
            address: origin.address,
            browser: origin.browser,
        })
        .collect();
    Ok((signed_in, others))
}

pub(super) async fn sign_out_others(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
) -> Response {
    let keep = current.live.session.key;
    match state.sessions.end_others(current.account, keep).await {
        Ok(_) => Redirect::to("/account").into_response(),
        Err(error) => unavailable(&headers, &error),
    }
}
