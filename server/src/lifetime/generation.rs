//! Requests that change something carry the session's generation (`K1`, `J3`), and a page that
//! asks for the status may say which session it was shown in.

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use dwell_app::{
    api::AskStatus,
    names::{GENERATION_FIELD, GENERATION_HEADER, SIGN_IN_PATH},
};
use dwell_session::Generation;
use http_body_util::{BodyExt as _, Limited};
use leptos::server_fn::ServerFn as _;

use crate::{
    navigation::{header_text, is_form},
    refusal::refusal,
    sessions::Sessions,
    store::{Session, StoreError},
};

/// The longest form that is read to find the generation, in bytes.
const LONGEST_FORM: usize = 256 * 1024;

pub(super) enum GenerationCheck {
    /// The request may be served in the session.
    Passed(Request),
    /// It was meant for another session, or for none that is known.
    Refused(Response),
}

/// Whether `request` may be served in the live session `current`.
pub(super) async fn check(
    sessions: &Sessions,
    current: &Session,
    request: Request,
) -> Result<GenerationCheck, StoreError> {
    let changes_something = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    match request.uri().path() {
        AskStatus::PATH => check_person(sessions, current, request).await,
        // Signing in begins another session.
        SIGN_IN_PATH => Ok(GenerationCheck::Passed(request)),
        _ if changes_something => check_own(sessions, current, request).await,
        _ => Ok(GenerationCheck::Passed(request)),
    }
}

/// The status is where the generation is learnt, so none is needed. A page from before its person
/// signed in again learns the new one; somebody else's page does not.
async fn check_person(
    sessions: &Sessions,
    current: &Session,
    request: Request,
) -> Result<GenerationCheck, StoreError> {
    let presented = header_text(request.headers(), GENERATION_HEADER)
        .and_then(|text| text.parse::<Generation>().ok());
    let is_of_this_person = match presented {
        Some(generation) if generation != current.generation => {
            sessions.owner(generation).await? == Some(current.account)
        }
        Some(_) | None => true,
    };
    if is_of_this_person {
        Ok(GenerationCheck::Passed(request))
    } else {
        Ok(GenerationCheck::Refused(another_session(request.headers())))
    }
}

async fn check_own(
    sessions: &Sessions,
    current: &Session,
    request: Request,
) -> Result<GenerationCheck, StoreError> {
    let (presented, request) = match read(request).await {
        Ok(read) => read,
        Err(response) => return Ok(GenerationCheck::Refused(response)),
    };
    let presented = presented.and_then(|text| text.parse::<Generation>().ok());
    if presented == Some(current.generation) {
        return Ok(GenerationCheck::Passed(request));
    }
    let owner = match presented {
        Some(generation) => sessions.owner(generation).await?,
        None => None,
    };
    let headers = request.headers();
    let response = match owner {
        Some(_) => another_session(headers),
        None => refusal(
            headers,
            StatusCode::FORBIDDEN,
            "wrong_generation",
            "This page is out of date",
            "Nothing was changed. Open the page again and repeat what you did.",
        ),
    };
    Ok(GenerationCheck::Refused(response))
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

async fn read(request: Request) -> Result<(Option<String>, Request), Response> {
    if let Some(header) = request.headers().get(GENERATION_HEADER) {
        let text = header.to_str().ok().map(str::to_owned);
        return Ok((text, request));
    }
    if !is_form(request.headers()) {
        return Ok((None, request));
    }
    let (parts, body) = request.into_parts();
    let form: Bytes = match Limited::new(body, LONGEST_FORM).collect().await {
        Ok(form) => form.to_bytes(),
        Err(_) => {
            return Err(refusal(
                &parts.headers,
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
    Ok((field, Request::from_parts(parts, Body::from(form))))
}
