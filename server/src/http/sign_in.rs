//! `GET /sign-in`, `POST /sign-in`

use std::time::Duration;

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse as _, Response},
};
use dwell::{CurrentSession, Denied, EndReason, Refusal, SignIn, Visit, store::Tombstone};
use dwell_app::{
    SignInTrouble,
    names::NOTE_FORM,
    pages::{SignInPage, SignedIn},
};
use leptos::prelude::*;
use serde::Deserialize;

use super::{known_browser::remember, sent_form::SentForm, visitor::signed_in};
use crate::{
    accounts::{AccountId, Authenticated, Client, Password, PasswordError, SignInError, TooMany},
    rendering::render,
    state::AppState,
};

/// Where signing in leads that nothing else is said of.
const FIRST_PAGE: &str = "/workspace";

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
    visit: Visit,
    current: Option<CurrentSession>,
    headers: HeaderMap,
    arrival: Result<Query<Arrival>, QueryRejection>,
) -> Result<Response, Denied> {
    let arrival = arrival.map_or_else(|_| Arrival::default(), |Query(arrival)| arrival);
    let known = Known::of(&state, &visit, current.as_ref(), &headers).await?;
    let shown = Shown {
        trouble: None,
        next: next(&state, arrival.next.as_deref()),
        known,
    };
    Ok(form(&state, StatusCode::OK, shown))
}

/// Where signing in leads: to `wish`, if that is a page of this server.
fn next(state: &AppState, wish: Option<&str>) -> String {
    let page = wish.and_then(|wish| state.dwell.return_path(wish));
    page.map_or_else(|| FIRST_PAGE.to_owned(), |page| page.to_string())
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
    async fn of(
        state: &AppState,
        visit: &Visit,
        current: Option<&CurrentSession>,
        headers: &HeaderMap,
    ) -> Result<Self, Denied> {
        if let Some(current) = current {
            let signed_in = signed_in(state, current).await?;
            return Ok(Self {
                email: signed_in.email.clone(),
                signed_in: Some(signed_in),
                ..Self::default()
            });
        }
        let Visit::Ended(Tombstone { person, reason, .. }) = visit else {
            let has_signed_out = state.dwell.has_just_signed_out(headers);
            return Ok(Self {
                reason: has_signed_out.then_some(EndReason::SignedOut),
                ..Self::default()
            });
        };
        let drafts = state.drafts.list(person, NOTE_FORM).await?;
        let email = match reason.keeps_page() {
            true => state.accounts.email(AccountId::of(person)?).await?,
            false => None,
        };
        Ok(Self {
            reason: Some(*reason),
            has_drafts: !drafts.is_empty(),
            email: email.unwrap_or_default(),
            ..Self::default()
        })
    }
}

/// Answers a script with the status of the new session, or with why there is none.
pub(super) async fn submit(
    State(state): State<AppState>,
    sign_in: SignIn,
    current: Option<CurrentSession>,
    client: Client,
    headers: HeaderMap,
    SentForm(credentials): SentForm<Credentials>,
) -> Result<Response, Denied> {
    let Credentials {
        email,
        password,
        next: wish,
    } = credentials;
    let next = next(&state, Some(&wish));
    let authenticated = state
        .accounts
        .authenticate(&email, Password::typed(password), &client)
        .await;
    let (refusal, trouble) = match authenticated {
        Ok(Authenticated { account, proof }) => {
            let signed_in = sign_in.begin(account).next(&next).await?;
            state.metrics.signed_in();
            let known = remember(state.dwell.cookie(), proof);
            return Ok((known, signed_in).into_response());
        }
        Err(error) => refuse(&state, error, &sign_in.origin().address)?,
    };
    if !sign_in.is_navigation() {
        return Ok(refusal.into_response());
    }
    let (visit, current) = (sign_in.visit(), current.as_ref());
    let Known { signed_in, .. } = Known::of(&state, visit, current, &headers).await?;
    let known = Known {
        signed_in,
        email,
        ..Known::default()
    };
    let shown = Shown {
        trouble: Some(trouble),
        next,
        known,
    };
    let retry_after = refusal
        .retry_after
        .map(|wait| (header::RETRY_AFTER, wait.as_secs()));
    let form = form(&state, refusal.status, shown);
    Ok((AppendHeaders(retry_after), form).into_response())
}

/// What is answered to somebody who was not signed in.
fn refuse(
    state: &AppState,
    error: SignInError,
    address: &str,
) -> Result<(Refusal, SignInTrouble), Denied> {
    let (status, code, trouble, wait) = match error {
        SignInError::WrongCredentials => {
            tracing::info!(event = "sign_in_refused", address);
            state.metrics.sign_in_refused();
            let trouble = SignInTrouble::WrongCredentials;
            (StatusCode::UNAUTHORIZED, "wrong_credentials", trouble, None)
        }
        SignInError::TooMany(TooMany { lane, wait }) => {
            state.metrics.sign_in_throttled(lane);
            let (status, trouble) = (StatusCode::TOO_MANY_REQUESTS, SignInTrouble::TooMany);
            let wait = wait + Duration::from_secs(1);
            (status, "too_many_attempts", trouble, Some(wait))
        }
        SignInError::Password(error @ (PasswordError::Busy(_) | PasswordError::Hash)) => {
            tracing::warn!(%error, "nobody could be signed in");
            let trouble = SignInTrouble::Busy;
            (StatusCode::SERVICE_UNAVAILABLE, "busy", trouble, None)
        }
        SignInError::Store(error) => return Err(error.into()),
    };
    let mut refusal = Refusal::new(status, code, "Nobody was signed in", trouble.message());
    refusal.retry_after = wait;
    Ok((refusal, trouble))
}

struct Shown {
    known: Known,
    trouble: Option<SignInTrouble>,
    next: String,
}

fn form(state: &AppState, status: StatusCode, shown: Shown) -> Response {
    let idle = state.dwell.policy().idle();
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
            <SignInPage idle signed_in reason has_drafts trouble email next />
        }
    })
}
