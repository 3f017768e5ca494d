//! Answers that say that something was not done, and why.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

use crate::store::StoreError;

/// Says that a request was refused, and what can be done about it.
///
/// As an answer it is JSON, `{"error": code, "message": advice}`. Where the answer is to become the
/// page of a browser, the layer makes a page of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// What it is, for programs.
    pub code: &'static str,
    /// What it is, for people.
    pub heading: &'static str,
    /// What one can do about it.
    pub advice: &'static str,
    /// After how long it makes sense to try again.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal with these words.
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

    /// Says after how long it makes sense to try again; it is sent in whole seconds.
    #[must_use]
    pub const fn retry_after(mut self, duration: Duration) -> Self {
        self.retry_after = Some(duration);
        self
    }

    /// The store does not answer: nobody is served as if they were not signed in (`A11`).
    pub const UNAVAILABLE: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "This does not work at the moment",
        "Nothing was changed, and nobody was signed out. Reload this page in a few seconds: a form \
         that you sent is then sent again.",
    )
    .retry_after(Duration::from_secs(5));

    /// A browser was made to send the request by another site (`K2`).
    pub const CROSS_SITE: Self = Self::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "This request came from another site",
        "Nothing was changed. Open the page here and try again.",
    );

    /// The request does not carry the generation of the session, or one that is not known (`K1`).
    pub const WRONG_GENERATION: Self = Self::new(
        StatusCode::FORBIDDEN,
        "wrong_generation",
        "This page is out of date",
        "Nothing was changed. Open the page again and repeat what you did.",
    );

    /// The request comes from a page of another session than the one that the browser is in.
    pub const ANOTHER_SESSION: Self = Self::new(
        StatusCode::CONFLICT,
        "another_session",
        "Another session has begun in this browser",
        "Nothing was changed. Open the page again to see who is signed in.",
    );

    /// The request is larger than it may be.
    pub const TOO_LARGE: Self = Self::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        "This form is too large",
        "Nothing was changed. Send less at once.",
    );

    /// The request broke off before its end.
    pub const CUT_OFF: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "cut_off",
        "This form did not arrive as a whole",
        "Nothing was changed. Please send it again.",
    );

    /// A route is protected, and there is no layer that would know who comes.
    pub(crate) const MISCONFIGURED: Self = Self::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "misconfigured",
        "This does not work",
        "The program has a fault that its developers have to mend.",
    );
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let said = Json(json!({ "error": self.code, "message": self.advice }));
        let mut response = (self.status, said).into_response();
        if let Some(duration) = self.retry_after {
            let seconds = HeaderValue::from(duration.as_secs());
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Why a handler does not serve a request. Handlers return `Result<_, Denied>` and use `?`.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// It is refused.
    #[error("refused: {}", .0.code)]
    Refused(Refusal),
    /// The store has failed. It is logged when the answer is made.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
    /// The program's data in the session could not be read or written. It is logged when the answer is
    /// made.
    #[error(transparent)]
    Data(#[from] tower_sessions::session::Error),
    /// The answer says why.
    #[error("refused with an answer of its own")]
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
                tracing::error!(error = &error as &dyn std::error::Error, "request denied");
                Refusal::UNAVAILABLE.into_response()
            }
            Self::Data(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "request denied");
                Refusal::UNAVAILABLE.into_response()
            }
            Self::Answered(response) => *response,
        }
    }
}

/// Makes the page of a refusal.
pub(crate) type ShowRefusal = Arc<dyn Fn(&Refusal) -> Response + Send + Sync>;

/// Puts the page of a refusal in place of its JSON, with the headers of the answer.
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

/// A page that needs nothing else, and is shown where a program has none of its own.
pub(crate) fn plain_page(refusal: &Refusal) -> Response {
    let Refusal {
        heading, advice, ..
    } = refusal;
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{heading}</title>\
         <style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto 0;\
         padding:0 1.25rem}}</style><h1>{heading}</h1><p>{advice}</p></html>"
    );
    (refusal.status, Html(page)).into_response()
}
