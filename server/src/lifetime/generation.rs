//! Requests that change something carry the session's generation (`K1`, `J3`), and a page that
//! asks for the status may say which session it was shown in.

use std::mem;

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use dwell_app::{
    api::AskStatus,
    names::{GENERATION_FIELD, GENERATION_HEADER, SIGN_IN_PATH},
};
use dwell_session::Generation;
use http_body_util::{BodyExt as _, Limited};
use leptos::server_fn::ServerFn as _;

use super::changes_something;
use crate::{
    navigation::{header_text, is_form},
    refusal::refusal,
    sessions::Sessions,
    store::{Session, StoreError},
};

/// The longest form that is read to find the generation, in bytes.
const LONGEST_FORM: usize = 256 * 1024;

/// Refuses `request` where it was meant for another session than the live one, `current`, or for
/// none that is known.
pub(super) async fn refuse(
    sessions: &Sessions,
    current: &Session,
    request: &mut Request,
) -> Result<Option<Response>, StoreError> {
    if is_meant_for(current, request) {
        return Ok(None);
    }
    match request.uri().path() {
        AskStatus::PATH => refuse_person(sessions, current, request.headers()).await,
        _ => refuse_other(sessions, current, request).await,
    }
}

/// Whether nothing but `request`'s head has to be known to see that it is for the live session.
pub(super) fn is_meant_for(current: &Session, request: &Request) -> bool {
    !is_needed(request) || in_header(request.headers()) == Some(current.generation)
}

/// Whether `request` has to tell which session it is for.
pub(super) fn is_needed(request: &Request) -> bool {
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
    request: &mut Request,
) -> Result<Option<Response>, StoreError> {
    let presented = match read(request).await {
        Ok(text) => text.and_then(|text| text.parse::<Generation>().ok()),
        Err(response) => return Ok(Some(response)),
    };
    if presented == Some(current.generation) {
        return Ok(None);
    }
    let owner = match presented {
        Some(generation) => sessions.owner(generation).await?,
        None => None,
    };
    let headers = request.headers();
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

/// What the request says in its header, or else in its form, which it keeps.
async fn read(request: &mut Request) -> Result<Option<String>, Response> {
    if let Some(header) = request.headers().get(GENERATION_HEADER) {
        return Ok(header.to_str().ok().map(str::to_owned));
    }
    if !is_form(request.headers()) {
        return Ok(None);
    }
    let body = mem::take(request.body_mut());
    let form: Bytes = match Limited::new(body, LONGEST_FORM).collect().await {
        Ok(form) => form.to_bytes(),
        Err(_) => {
            return Err(refusal(
                request.headers(),
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "This form is too large",
                "Nothing was changed. Send less at once.",
            ));
        }
    };
    let field = form_urlencoded::parse(&form)
        .find(|(name, _)| name == GENERATION_FIELD)
        .map(|(_, value)| value.into_owned());
    *request.body_mut() = Body::from(form);
    Ok(field)
}
