//! `GET /sign-in`, `POST /sign-in`

use axum::{
    Json,
    extract::{Extension, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse as _, Redirect, Response},
};
use dwell_app::{
    SignInTrouble,
    names::NOTE_FORM,
    pages::{SignInPage, SignedIn},
};
use dwell_session::{EndReason, Status};
use leptos::prelude::*;
use serde::Deserialize;

use super::{known_browser::remember, page::signed_in, sent_form::SentForm};
use crate::{
    accounts::{Authenticated, Client, Password, PasswordError, SignInError, TooMany},
    lifetime::CurrentSession,
    navigation::is_navigation,
    refusal::{error, unavailable},
    rendering::render,
    return_path::ReturnPath,
    sessions::{Begun, Visit},
    state::AppState,
    store::{Origin, StoreError, Tombstone},
};

/// It may be missing or wrong: then it is passed over.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Arrival {
    next: Option<String>,
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
    headers: HeaderMap,
    arrival: Result<Query<Arrival>, QueryRejection>,
) -> Response {
    let arrival = arrival.map_or_else(|_| Arrival::default(), |Query(arrival)| arrival);
    let next: Option<ReturnPath> = arrival.next.and_then(|next| next.parse().ok());
    let known = match Known::of(&state, &visit, &headers).await {
        Ok(known) => known,
        Err(error) => return unavailable(&headers, &error),
    };
    let shown = Shown {
        trouble: None,
        next: next.unwrap_or_default(),
        known,
    };
    form(&state, StatusCode::OK, shown)
}

/// What the server knows of this browser: the session that it is in, or what is left of the one
/// that it was in. The address of the page has no say in it.
#[derive(Default)]
struct Known {
    signed_in: Option<SignedIn>,
    reason: Option<EndReason>,
    has_drafts: bool,
    /// The address of the person who signs in again. Somebody who signed out is forgotten.
    email: String,
}

impl Known {
    async fn of(state: &AppState, visit: &Visit, headers: &HeaderMap) -> Result<Self, StoreError> {
        match visit {
            Visit::Live(live) => {
                let (live, account) = (*live, live.session.account);
                let signed_in = signed_in(state, &CurrentSession { live, account }).await?;
                Ok(Self {
                    email: signed_in.email.clone(),
                    signed_in: Some(signed_in),
                    ..Self::default()
                })
            }
            Visit::Ended(Tombstone {
                account, reason, ..
            }) => {
                let drafts = state.drafts.of(*account, NOTE_FORM).await?;
                let email = match reason.keeps_page() {
                    true => state.accounts.email(*account).await?.unwrap_or_default(),
                    false => String::new(),
                };
                Ok(Self {
                    reason: Some(*reason),
                    has_drafts: !drafts.is_empty(),
                    email,
                    ..Self::default()
                })
            }
            Visit::Anonymous => Ok(Self {
                reason: state
                    .cookie
                    .tells_of_sign_out(headers)
                    .then_some(EndReason::SignedOut),
                ..Self::default()
            }),
        }
    }
}

/// Answers a script with the status of the new session, or with why there is none.
pub(super) async fn submit(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    origin: Origin,
    client: Client,
    headers: HeaderMap,
    SentForm(credentials): SentForm<Credentials>,
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
            let previous = match &visit {
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
    let known = match Known::of(&state, &visit, &headers).await {
        Ok(Known { signed_in, .. }) => Known {
            signed_in,
            email,
            ..Known::default()
        },
        Err(error) => return unavailable(&headers, &error),
    };
    let shown = Shown {
        trouble: Some(trouble),
        next,
        known,
    };
    (AppendHeaders(retry_after), form(&state, status, shown)).into_response()
}

struct Shown {
    known: Known,
    trouble: Option<SignInTrouble>,
    next: ReturnPath,
}

fn form(state: &AppState, status: StatusCode, shown: Shown) -> Response {
    let idle = state.sessions.policy().idle();
    render(&state.built, status, move || {
        let Shown {
            known,
            trouble,
            next,
        } = shown;
        let Known {
            signed_in,
            reason,
            has_drafts,
            email,
        } = known;
        view! {
            <SignInPage idle signed_in reason has_drafts trouble email next=next.to_string() />
        }
    })
}
