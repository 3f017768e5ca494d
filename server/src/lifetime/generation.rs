//! Requests that change something carry the session's generation (`K1`, `J3`).

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{Method, StatusCode, header},
    response::Response,
};
use dwell_app::{
    api::AskStatus,
    names::{GENERATION_FIELD, GENERATION_HEADER, SIGN_IN_PATH},
};
use dwell_session::Generation;
use http_body_util::{BodyExt as _, Limited};
use leptos::server_fn::ServerFn as _;

use crate::{refusal::refusal, sessions::Sessions, store::StoreError};

/// The longest form that is read to find the generation, in bytes.
const LONGEST_FORM: usize = 256 * 1024;

pub(super) enum GenerationCheck {
    /// The request carries the session's own generation.
    Own(Request),
    /// It does not.
    Refused(Response),
}

/// Signing in begins a session, and asking for the status is where the generation is learnt.
pub(super) fn is_required(request: &Request) -> bool {
    let changes_something = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let is_exempt = [SIGN_IN_PATH, AskStatus::PATH].contains(&request.uri().path());
    changes_something && !is_exempt
}

pub(super) async fn check(
    sessions: &Sessions,
    own: Generation,
    request: Request,
) -> Result<GenerationCheck, StoreError> {
    let (presented, request) = match read(request).await {
        Ok(read) => read,
        Err(response) => return Ok(GenerationCheck::Refused(response)),
    };
    let presented = presented.and_then(|text| text.parse::<Generation>().ok());
    if presented == Some(own) {
        return Ok(GenerationCheck::Own(request));
    }
    let is_anothers = match presented {
        Some(generation) => sessions.knows(generation).await?,
        None => false,
    };
    let headers = request.headers();
    let response = if is_anothers {
        refusal(
            headers,
            StatusCode::CONFLICT,
            "another_session",
            "Another session has begun in this browser",
            "Nothing was changed. Open the page again to see who is signed in.",
        )
    } else {
        refusal(
            headers,
            StatusCode::FORBIDDEN,
            "wrong_generation",
            "This page is out of date",
            "Nothing was changed. Open the page again and repeat what you did.",
        )
    };
    Ok(GenerationCheck::Refused(response))
}

async fn read(request: Request) -> Result<(Option<String>, Request), Response> {
    if let Some(header) = request.headers().get(GENERATION_HEADER) {
        let text = header.to_str().ok().map(str::to_owned);
        return Ok((text, request));
    }
    let is_form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
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
