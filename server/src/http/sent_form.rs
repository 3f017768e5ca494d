//! Reads the forms that are sent, and refuses requests that cannot be read as one.

use axum::{
    Form,
    extract::{FromRequest, Request},
    http::StatusCode,
};
use dwell::{Denied, Refusal};
use serde::de::DeserializeOwned;

use crate::state::AppState;

/// The fields of a form. A request that cannot be read as one is refused with a message of ours,
/// not with one of a library.
pub(super) struct SentForm<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<AppState> for SentForm<T> {
    type Rejection = Denied;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Denied> {
        match Form::from_request(request, state).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(rejection) => Err(refusal(rejection.status()).into()),
        }
    }
}

/// Says what is wrong with a form that could not be read.
fn refusal(status: StatusCode) -> Refusal {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal {
            advice: "Nothing was changed. Go back and send less at once.",
            ..Refusal::TOO_LARGE
        },
        status @ StatusCode::UNSUPPORTED_MEDIA_TYPE => Refusal::new(
            status,
            "no_form",
            "This is not a form",
            "Nothing was changed. Open the page again and repeat what you did.",
        ),
        _ => Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_form",
            "Something is missing in this form",
            "Nothing was changed. Open the page again and repeat what you did.",
        ),
    }
}
