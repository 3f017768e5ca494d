//! The answer to somebody who is not, or no longer, signed in (`C9`).

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

/// What somebody has asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'request> {
    method: &'request Method,
    uri: &'request Uri,
    headers: &'request HeaderMap,
}

impl<'request> Asked<'request> {
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

    /// The page that was asked for, or, where something was sent, the page it was sent from.
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

/// A redirect to where one signs in and back, for a navigation; a status in JSON otherwise.
pub(crate) fn turn_away(
    settings: &Settings,
    asked: &Asked<'_>,
    reason: Option<EndReason>,
) -> Response {
    let next = asked.return_path(settings);
    turn_away_to(settings, next, asked.headers, reason)
}

/// As [`turn_away`], but signing in leads to `next`.
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

/// Where one signs in, with where that leads. Why it is needed, the page finds out by itself: an
/// address may be old, or anybody's.
fn sign_in_location(sign_in: &str, next: Option<&ReturnPath>) -> String {
    let Some(next) = next else {
        return sign_in.to_owned();
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("next", next.as_str())
        .finish();
    format!("{sign_in}?{query}")
}
