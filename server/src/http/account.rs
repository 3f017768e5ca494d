//! `GET /account`, `POST /account/sign-out-others`

use axum::{
    extract::State,
    http::StatusCode,
    response::{Redirect, Response},
};
use dwell::{CurrentSession, Denied, store::ListedSession};
use dwell_app::pages::{AccountPage, OtherSession};
use leptos::prelude::*;

use super::visitor::signed_in;
use crate::{rendering::render, state::AppState};

pub(super) async fn show(
    State(state): State<AppState>,
    current: CurrentSession,
) -> Result<Response, Denied> {
    let signed_in = signed_in(&state, &current).await?;
    let mut sessions = state.dwell.sessions_of(current.person()).await?;
    sessions.retain(|listed| listed.session.key != current.key());
    let other = |ListedSession {
                     session, origin, ..
                 }| OtherSession {
        signed_in_ago: current.now().since(session.lifetime.authenticated_at()),
        active_ago: current.now().since(session.lifetime.last_active_at()),
        address: origin.address,
        browser: origin.browser,
    };
    let others = sessions.into_iter().map(other).collect();
    let policy = *state.dwell.policy();
    Ok(render(&state.built, StatusCode::OK, move || {
        view! {
            <AccountPage
                signed_in
                idle=policy.idle()
                absolute=policy.absolute()
                others=others
            />
        }
    }))
}

pub(super) async fn sign_out_others(
    State(state): State<AppState>,
    current: CurrentSession,
) -> Result<Redirect, Denied> {
    let (person, keep) = (current.person(), current.key());
    state.dwell.revoke_others(person, keep).await?;
    Ok(Redirect::to("/account"))
}
