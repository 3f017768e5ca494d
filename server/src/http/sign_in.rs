//! `GET /sign-in`, `POST /sign-in`

use axum::{
    Form, Json,
    extract::{Extension, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse as _, Redirect, Response},
};
use dwell_app::{SignInTrouble, pages::SignInPage};
use dwell_session::{EndReason, Status};
use leptos::prelude::*;
use serde::Deserialize;

use super::known_browser::remember;
use crate::{
    accounts::{Authenticated, Client, Password, PasswordError, SignInError, TooMany},
    navigation::is_navigation,
    refusal::{error, unavailable},
    rendering::render,
    return_path::ReturnPath,
    sessions::{Begun, Visit},
    state::AppState,
    store::Origin,
};

/// Everything may be missing or wrong: then it is passed over.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Arrival {
    next: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn show(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    arrival: Result<Query<Arrival>, QueryRejection>,
) -> Response {
    let arrival = arrival.map_or_else(|_| Arrival::default(), |Query(arrival)| arrival);
    let reason = arrival.reason.and_then(|name| name.parse().ok());
    let next = arrival.next.and_then(|next| next.parse().ok());
    form(
        &state,
        StatusCode::OK,
        Shown {
            reason,
            trouble: None,
            email: remembered(&state, &visit).await,
            next: next.unwrap_or_default(),
        },
    )
}

/// The address of the person whose session ended by time in this browser, or who signs in again.
/// Somebody who signed out is forgotten.
async fn remembered(state: &AppState, visit: &Visit) -> String {
    let account = match visit {
        Visit::Live(live) => Some(live.session.account),
        Visit::Ended(tombstone) if tombstone.is_timeout() => Some(tombstone.account),
        Visit::Ended(_) | Visit::Anonymous => None,
    };
    match account {
        Some(account) => state.accounts.email(account).await.unwrap_or_default(),
        None => String::new(),
    }
}

/// Answers a script with the status of the new session, or with why there is none.
pub(super) async fn submit(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    origin: Origin,
    client: Client,
    headers: HeaderMap,
    Form(credentials): Form<Credentials>,
) -> Response {
    let Credentials {
        email,
        password,
        next,
    } = credentials;
    let next: ReturnPath = next.parse().unwrap_or_default();
    let authenticated = state
        .accounts
        .authenticate(&email, Password::typed(password), &client)
        .await;
    let mut retry_after = None;
    let (status, code, trouble) = match authenticated {
        Ok(Authenticated { account, proof }) => {
            let previous = match visit {
                Visit::Live(live) => Some(live.session.key),
                Visit::Ended(_) | Visit::Anonymous => None,
            };
            return match state.sessions.begin(account, previous, origin).await {
                Ok(Begun { id, told }) => {
                    state.metrics.signed_in();
                    let answer = if is_navigation(&headers) {
                        Redirect::to(next.as_str()).into_response()
                    } else {
                        Json(Status::Active(told)).into_response()
                    };
                    let known = remember(&state.cookie, proof);
                    (state.cookie.issue(id), known, answer).into_response()
                }
                Err(error) => unavailable(&headers, &error),
            };
        }
        Err(SignInError::WrongCredentials) => {
            tracing::info!(event = "sign_in_refused", address = origin.address);
            state.metrics.sign_in_refused();
            (
                StatusCode::UNAUTHORIZED,
                "wrong_credentials",
                SignInTrouble::WrongCredentials,
            )
        }
        Err(SignInError::TooMany(TooMany { lane, wait })) => {
            state.metrics.sign_in_throttled(lane);
            retry_after = Some((header::RETRY_AFTER, wait.as_secs() + 1));
            (
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_attempts",
                SignInTrouble::TooMany,
            )
        }
        Err(SignInError::Password(error @ (PasswordError::Busy(_) | PasswordError::Hash))) => {
            tracing::warn!(%error, "nobody could be signed in");
            (StatusCode::SERVICE_UNAVAILABLE, "busy", SignInTrouble::Busy)
        }
        Err(SignInError::Store(error)) => return unavailable(&headers, &error),
    };
    if !is_navigation(&headers) {
        return (
            AppendHeaders(retry_after),
            error(status, code, trouble.message()),
        )
            .into_response();
    }
    let shown = Shown {
        reason: None,
        trouble: Some(trouble),
        email,
        next,
    };
    (AppendHeaders(retry_after), form(&state, status, shown)).into_response()
}

struct Shown {
    reason: Option<EndReason>,
    trouble: Option<SignInTrouble>,
    email: String,
    next: ReturnPath,
}

fn form(state: &AppState, status: StatusCode, shown: Shown) -> Response {
    let idle = state.sessions.policy().idle();
    render(&state.built, status, move || {
        let Shown {
            reason,
            trouble,
            email,
            next,
        } = shown;
        view! { <SignInPage idle reason trouble email next=next.to_string() /> }
    })
}
