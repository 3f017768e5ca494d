//! Forms as handlers take them, and what is said of those that are none.

use axum::{
    Form,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::de::DeserializeOwned;

use crate::{refusal::refusal, state::AppState};

/// The fields of a form. What is no such form is refused in our own words.
pub(super) struct SentForm<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<AppState> for SentForm<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let headers = request.headers().clone();
        match Form::from_request(request, state).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(rejection) => Err(refuse(&headers, rejection.status())),
        }
    }
}

/// Says what is wrong with a form that could not be read.
pub(super) fn refuse(headers: &HeaderMap, status: StatusCode) -> Response {
    match status {
        status @ StatusCode::PAYLOAD_TOO_LARGE => refusal(
            headers,
            status,
            "too_large",
            "This form is too large",
            "Nothing was changed. Go back and send less at once.",
        ),
        status @ StatusCode::UNSUPPORTED_MEDIA_TYPE => refusal(
            headers,
            status,
            "no_form",
            "This is no form",
            "Nothing was changed. Open the page again and repeat what you did.",
        ),
        _ => refusal(
            headers,
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_form",
            "Something is missing in this form",
            "Nothing was changed. Open the page again and repeat what you did.",
        ),
    }
}
