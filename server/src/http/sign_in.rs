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

use super::{device_cookie::set_device_cookie, sent_form::SentForm, visitor::signed_in};
use crate::{
    accounts::{
        AccountId, Authenticated, Client, Password, PasswordError, SignInError, TooManyAttempts,
    },
    rendering::render,
    state::AppState,
};

/// The page after signing in, if the request does not name another.
const DEFAULT_PAGE: &str = "/workspace";

/// The query of the page. A query that is missing or wrong is ignored.
#[derive(Debug, Default, Deserialize)]
pub(super) struct SignInQuery {
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
    query: Result<Query<SignInQuery>, QueryRejection>,
) -> Result<Response, Denied> {
    let query = query.map_or_else(|_| SignInQuery::default(), |Query(query)| query);
    let history = History::of(&state, &visit, current.as_ref(), &headers).await?;
    let content = PageContent {
        trouble: None,
        next: next(&state, query.next.as_deref()),
        history,
    };
    Ok(page(&state, StatusCode::OK, content))
}

/// The page to show after signing in: `requested`, if that is a page of this server.
fn next(state: &AppState, requested: Option<&str>) -> String {
    let page = requested.and_then(|path| state.dwell.return_path(path));
    page.map_or_else(|| DEFAULT_PAGE.to_owned(), |page| page.to_string())
}

/// What the server knows about the session that this browser is in, or the one that it was in
/// before. Nothing in it comes from the address of the page.
#[derive(Default)]
struct History {
    signed_in: Option<SignedIn>,
    reason: Option<EndReason>,
    has_drafts: bool,
    /// The e-mail address to fill in. It is empty if the person has signed out.
    email: String,
}

impl History {
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

/// Signs a person in. A script is answered with the status of the new session, or with the reason
/// why there is none.
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
        next: requested,
    } = credentials;
    let next = next(&state, Some(&requested));
    let authenticated = state
        .accounts
        .authenticate(&email, Password::typed(password), &client)
        .await;
    let (refusal, trouble) = match authenticated {
        Ok(Authenticated {
            account,
            device_cookie,
        }) => {
            let signed_in = sign_in.begin(account).next(&next).await?;
            state.metrics.signed_in();
            let cookie = set_device_cookie(state.dwell.cookie(), device_cookie);
            return Ok((cookie, signed_in).into_response());
        }
        Err(error) => refuse(&state, error, &sign_in.origin().address)?,
    };
    if !sign_in.is_navigation() {
        return Ok(refusal.into_response());
    }
    let (visit, current) = (sign_in.visit(), current.as_ref());
    let History { signed_in, .. } = History::of(&state, visit, current, &headers).await?;
    let history = History {
        signed_in,
        email,
        ..History::default()
    };
    let content = PageContent {
        trouble: Some(trouble),
        next,
        history,
    };
    let retry_after = refusal
        .retry_after
        .map(|wait| (header::RETRY_AFTER, wait.as_secs()));
    let page = page(&state, refusal.status, content);
    Ok((AppendHeaders(retry_after), page).into_response())
}

/// The answer to an attempt to sign in that was not successful.
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
        SignInError::TooMany(TooManyAttempts { limit, wait }) => {
            state.metrics.sign_in_throttled(limit);
            let (status, trouble) = (StatusCode::TOO_MANY_REQUESTS, SignInTrouble::TooMany);
            let wait = wait + Duration::from_secs(1);
            (status, "too_many_attempts", trouble, Some(wait))
        }
        SignInError::Password(error @ (PasswordError::Busy(_) | PasswordError::Hash)) => {
            tracing::warn!(%error, "cannot verify a password");
            let trouble = SignInTrouble::Busy;
            (StatusCode::SERVICE_UNAVAILABLE, "busy", trouble, None)
        }
        SignInError::Store(error) => return Err(error.into()),
    };
    let mut refusal = Refusal::new(status, code, "Nobody was signed in", trouble.message());
    refusal.retry_after = wait;
    Ok((refusal, trouble))
}

struct PageContent {
    history: History,
    trouble: Option<SignInTrouble>,
    next: String,
}

fn page(state: &AppState, status: StatusCode, content: PageContent) -> Response {
    let idle = state.dwell.policy().idle();
    render(&state.built, status, move || {
        let PageContent {
            history,
            trouble,
            next,
        } = content;
        let History {
            signed_in,
            reason,
            has_drafts,
            email,
        } = history;
        view! {
            <SignInPage idle signed_in reason has_drafts trouble email next />
        }
    })
}
