//! Refusals: answers that say that a request was refused, and why.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

use crate::{session_data::DataError, store::StoreError};

/// The answer to a request that was refused. It says what the person or the program that sent the
/// request can do.
///
/// As a response it is JSON, `{"error": code, "message": advice}`. If a browser will show the
/// answer as a page, the [`DwellLayer`](crate::DwellLayer) replaces the JSON by a page with the
/// heading and the advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// A code that programs can read. It is part of the HTTP contract.
    pub code: &'static str,
    /// What happened, in a few words for people.
    pub heading: &'static str,
    /// What the person can do about it.
    pub advice: &'static str,
    /// How long to wait before trying again, for the `Retry-After` header.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Makes a refusal without a `Retry-After` header.
    pub const fn new(
        status: StatusCode,
        code: &'static str,
        heading: &'static str,
        advice: &'static str,
    ) -> Self {
        Self {
            status,
            code,
            heading,
            advice,
            retry_after: None,
        }
    }

    /// Sets how long to wait before trying again. It is sent in whole seconds, rounded down.
    #[must_use]
    pub const fn retry_after(mut self, duration: Duration) -> Self {
        self.retry_after = Some(duration);
        self
    }

    /// The store does not answer. People are never treated as if they were not signed in because of
    /// this (`A11`).
    pub const UNAVAILABLE: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "This does not work at the moment",
        "Nothing was changed, and nobody was signed out. Reload this page in a few seconds: a form \
         that you sent is then sent again.",
    )
    .retry_after(Duration::from_secs(5));

    /// Another site made the browser send the request (`K2`).
    pub const CROSS_SITE: Self = Self::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "This request came from another site",
        "Nothing was changed. Open the page here and try again.",
    );

    /// The request does not carry the generation of the session, or carries one that is unknown
    /// (`K1`).
    pub const WRONG_GENERATION: Self = Self::new(
        StatusCode::FORBIDDEN,
        "wrong_generation",
        "This page is out of date",
        "Nothing was changed. Open the page again and repeat what you did.",
    );

    /// The request comes from a page of another session than the one that the browser is in now.
    pub const ANOTHER_SESSION: Self = Self::new(
        StatusCode::CONFLICT,
        "another_session",
        "Another session has begun in this browser",
        "Nothing was changed. Open the page again to see who is signed in.",
    );

    /// The body of the request is too large.
    pub const TOO_LARGE: Self = Self::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        "This form is too large",
        "Nothing was changed. Send less at once.",
    );

    /// The body did not arrive in time.
    pub const TOO_SLOW: Self = Self::new(
        StatusCode::REQUEST_TIMEOUT,
        "too_slow",
        "This took too long to arrive",
        "Nothing was changed. Please send it again.",
    );

    /// The connection was lost before the whole body had arrived.
    pub const CUT_OFF: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "cut_off",
        "This form did not arrive as a whole",
        "Nothing was changed. Please send it again.",
    );

    /// The program is not set up correctly, for example because a protected route is not inside the
    /// layer of Dwell. The log says what is wrong.
    pub(crate) const MISCONFIGURED: Self = Self::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "misconfigured",
        "This does not work",
        "The program has a fault that its developers have to mend.",
    );
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.code, "message": self.advice }));
        let mut response = (self.status, body).into_response();
        if let Some(duration) = self.retry_after {
            let seconds = HeaderValue::from(duration.as_secs());
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The reason why a handler does not serve a request. A handler that returns `Result<_, Denied>`
/// can use `?` on the errors of Dwell.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The request is refused.
    #[error("refused: {}", .0.code)]
    Refused(Refusal),
    /// The store has failed. The error is logged when the response is made.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
    /// The data that the program keeps in the session could not be read or written. The error is
    /// logged when the response is made.
    #[error(transparent)]
    Data(#[from] tower_sessions::session::Error),
    /// The request is answered with this response.
    #[error("refused with another response")]
    Answered(Box<Response>),
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Infallible> for Denied {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => refusal.into_response(),
            Self::Unavailable(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "request denied because the store failed"
                );
                Refusal::UNAVAILABLE.into_response()
            }
            Self::Data(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "request denied because the data of its session could not be read or written"
                );
                let refusal =
                    DataError::of(&error).map_or(Refusal::UNAVAILABLE, DataError::refusal);
                refusal.into_response()
            }
            Self::Answered(response) => *response,
        }
    }
}

/// A function that makes the page for a refusal.
pub(crate) type ShowRefusal = Arc<dyn Fn(&Refusal) -> Response + Send + Sync>;

/// Replaces the JSON of a refusal by its page, and keeps the other headers of the response.
pub(crate) fn show(show: &ShowRefusal, mut response: Response) -> Response {
    let Some(refusal) = response.extensions_mut().remove::<Refusal>() else {
        return response;
    };
    let mut page = show(&refusal);
    *page.status_mut() = response.status();
    for (name, value) in response.headers() {
        if name != header::CONTENT_LENGTH && name != header::CONTENT_TYPE {
            page.headers_mut().append(name, value.clone());
        }
    }
    page
}

/// The page for a refusal that is shown if the program has none. It needs no other files.
pub(crate) fn plain_page(refusal: &Refusal) -> Response {
    let Refusal {
        heading, advice, ..
    } = refusal;
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{heading}</title>\
         <style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto 0;\
         padding:0 1.25rem}}</style><h1>{heading}</h1><p>{advice}</p></html>",
        heading = escaped(heading),
        advice = escaped(advice),
    );
    (refusal.status, Html(page)).into_response()
}
