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

/// Refuses a request to `path` with the body `sent`, whose head does not say that it is meant for
/// the live session, `current`, unless it turns out to be all the same.
pub(super) async fn refuse(
    sessions: &Sessions,
    current: &Session,
    path: &str,
    headers: &HeaderMap,
    sent: &[u8],
) -> Result<Option<Response>, StoreError> {
    match path {
        AskStatus::PATH => refuse_person(sessions, current, headers).await,
        _ => refuse_other(sessions, current, headers, sent).await,
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
async fn refuse_person(
    sessions: &Sessions,
    current: &Session,
    headers: &HeaderMap,
) -> Result<Option<Response>, StoreError> {
    let is_of_this_person = match in_header(headers) {
        Some(generation) => sessions.owner(generation).await? == Some(current.account),
        None => true,
    };
    Ok((!is_of_this_person).then(|| another_session(headers)))
}

async fn refuse_other(
    sessions: &Sessions,
    current: &Session,
    headers: &HeaderMap,
    sent: &[u8],
) -> Result<Option<Response>, StoreError> {
    let presented = presented(headers, sent);
    if presented == Some(current.generation) {
        return Ok(None);
    }
    let owner = match presented {
        Some(generation) => sessions.owner(generation).await?,
        None => None,
    };
    Ok(Some(match owner {
        Some(_) => another_session(headers),
        None => refusal(
            headers,
            StatusCode::FORBIDDEN,
            "wrong_generation",
            "This page is out of date",
            "Nothing was changed. Open the page again and repeat what you did.",
        ),
    }))
}

fn another_session(headers: &HeaderMap) -> Response {
    refusal(
        headers,
        StatusCode::CONFLICT,
        "another_session",
        "Another session has begun in this browser",
        "Nothing was changed. Open the page again to see who is signed in.",
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
