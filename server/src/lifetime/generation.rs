//! Requests that change something carry the session's generation (`K1`, `J3`), and a page that
//! asks for the status may say which session it was shown in.

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use dwell_app::{
    api::AskStatus,
    names::{GENERATION_FIELD, GENERATION_HEADER, SIGN_IN_PATH},
};
use dwell_session::Generation;
use leptos::server_fn::ServerFn as _;

use super::changes_something;
use crate::{
    navigation::{header_text, is_form},
    refusal::refusal,
    sessions::Sessions,
    store::{Session, StoreError},
};

/// Whose page a request comes from.
pub(super) enum Source {
    /// One of the live session's.
    Own,
    /// One of another session's, live or ended.
    Other,
    /// No page that is known.
    Unknown,
}

/// Where a request to `path` with the body `sent` comes from, whose head does not say that it is
/// meant for the live session, `current`.
pub(super) async fn source(
    sessions: &Sessions,
    current: &Session,
    path: &str,
    headers: &HeaderMap,
    sent: &[u8],
) -> Result<Source, StoreError> {
    match path {
        AskStatus::PATH => source_of_question(sessions, current, headers).await,
        _ => source_of_change(sessions, current, headers, sent).await,
    }
}

/// Whether nothing but `request`'s head has to be known to see that it is for the live session.
pub(super) fn is_meant_for(current: &Session, request: &Request) -> bool {
    !is_needed(request) || in_header(request.headers()) == Some(current.generation)
}

/// Whether `request` has to tell which session it is for.
fn is_needed(request: &Request) -> bool {
    match request.uri().path() {
        AskStatus::PATH => true,
        // Signing in begins another session.
        SIGN_IN_PATH => false,
        _ => changes_something(request),
    }
}

fn in_header(headers: &HeaderMap) -> Option<Generation> {
    header_text(headers, GENERATION_HEADER)?.parse().ok()
}

/// The status is where the generation is learnt, so none is needed. A page from before its person
/// signed in again learns the new one; somebody else's page does not.
async fn source_of_question(
    sessions: &Sessions,
    current: &Session,
    headers: &HeaderMap,
) -> Result<Source, StoreError> {
    let is_of_this_person = match in_header(headers) {
        Some(generation) => sessions.owner(generation).await? == Some(current.account),
        None => true,
    };
    Ok(match is_of_this_person {
        true => Source::Own,
        false => Source::Other,
    })
}

async fn source_of_change(
    sessions: &Sessions,
    current: &Session,
    headers: &HeaderMap,
    sent: &[u8],
) -> Result<Source, StoreError> {
    let presented = presented(headers, sent);
    if presented == Some(current.generation) {
        return Ok(Source::Own);
    }
    let owner = match presented {
        Some(generation) => sessions.owner(generation).await?,
        None => None,
    };
    Ok(match owner {
        Some(_) => Source::Other,
        None => Source::Unknown,
    })
}

/// The answer to a page that is not known.
pub(super) fn out_of_date(headers: &HeaderMap) -> Response {
    refusal(
        headers,
        StatusCode::FORBIDDEN,
        "wrong_generation",
        "This page is out of date",
        "Nothing was changed. Open the page again and repeat what you did.",
    )
}

/// The answer to a page of another session than the one that the browser is in.
pub fn another_session(headers: &HeaderMap, advice: &'static str) -> Response {
    refusal(
        headers,
        StatusCode::CONFLICT,
        "another_session",
        "Another session has begun in this browser",
        advice,
    )
}

/// What the request says in its header, or else in its form.
fn presented(headers: &HeaderMap, sent: &[u8]) -> Option<Generation> {
    if headers.contains_key(GENERATION_HEADER) {
        return in_header(headers);
    }
    if !is_form(headers) {
        return None;
    }
    let (_, field) = form_urlencoded::parse(sent).find(|(name, _)| name == GENERATION_FIELD)?;
    field.parse().ok()
}
