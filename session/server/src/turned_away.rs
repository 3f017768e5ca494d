//! The answer to requests of people who are not signed in, or no longer (`C9`).

use axum::{
    Json,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse as _, Redirect, Response},
};
use dwell_session::{EndReason, Status};

use crate::{
    dwell::Settings,
    navigation::{is_navigation, own_referrer},
    return_path::ReturnPath,
};

/// A request without a live session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RejectedRequest<'request> {
    method: &'request Method,
    uri: &'request Uri,
    headers: &'request HeaderMap,
}

impl<'request> RejectedRequest<'request> {
    pub(crate) fn of(
        method: &'request Method,
        uri: &'request Uri,
        headers: &'request HeaderMap,
    ) -> Self {
        Self {
            method,
            uri,
            headers,
        }
    }

    /// The page to return to after signing in: the page of the request, or, if something was sent,
    /// the page from which it was sent.
    fn return_path(&self, settings: &Settings) -> Option<ReturnPath> {
        let referrer;
        let page = if matches!(*self.method, Method::GET | Method::HEAD) {
            self.uri.path_and_query()?
        } else {
            referrer = own_referrer(self.headers)?;
            &referrer
        };
        settings.pages.return_path(page.as_str())
    }
}

/// Redirects a navigation to the page for signing in, which leads back afterwards. Any other
/// request is answered with the status of the session as JSON.
pub(crate) fn turn_away(
    settings: &Settings,
    rejected: &RejectedRequest<'_>,
    reason: Option<EndReason>,
) -> Response {
    let next = rejected.return_path(settings);
    turn_away_to(settings, next, rejected.headers, reason)
}

/// Answers like [`turn_away`], but signing in leads to `next`.
pub(crate) fn turn_away_to(
    settings: &Settings,
    next: Option<ReturnPath>,
    headers: &HeaderMap,
    reason: Option<EndReason>,
) -> Response {
    if is_navigation(headers) {
        let location = sign_in_location(&settings.names.sign_in, next.as_ref());
        return Redirect::to(&location).into_response();
    }
    let status = match reason {
        Some(reason) => Status::Ended { reason },
        None => Status::Anonymous,
    };
    (StatusCode::UNAUTHORIZED, Json(status)).into_response()
}

/// The address of the page for signing in, with the page to return to. It does not contain the
/// reason of the end, because addresses can be old or forged; the page asks the server for the
/// reason.
fn sign_in_location(sign_in: &str, next: Option<&ReturnPath>) -> String {
    let Some(next) = next else {
        return sign_in.to_owned();
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("next", next.as_str())
        .finish();
    format!("{sign_in}?{query}")
}
