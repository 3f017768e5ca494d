//! The answer to somebody who is not, or no longer, signed in (`C9`).

use axum::{
    Json,
    extract::Request,
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use dwell_app::names::SIGN_IN_PATH;
use dwell_session::{EndReason, Status};

use crate::{
    navigation::{is_navigation, own_referrer},
    return_path::ReturnPath,
};

/// A redirect to where one signs in and back, for a navigation; a status in JSON otherwise.
pub fn turn_away(request: &Request, reason: Option<EndReason>) -> Response {
    turn_away_to(return_path(request), request.headers(), reason)
}

/// As [`turn_away`], but signing in leads to `next`.
pub fn turn_away_to(
    next: Option<ReturnPath>,
    headers: &HeaderMap,
    reason: Option<EndReason>,
) -> Response {
    if is_navigation(headers) {
        return Redirect::to(&sign_in_location(next.as_ref())).into_response();
    }
    let status = match reason {
        Some(reason) => Status::Ended { reason },
        None => Status::Anonymous,
    };
    (StatusCode::UNAUTHORIZED, Json(status)).into_response()
}

/// Where one signs in, with where that leads. Why it is needed, the page finds out by itself: an
/// address may be old, or anybody's.
fn sign_in_location(next: Option<&ReturnPath>) -> String {
    let Some(next) = next else {
        return SIGN_IN_PATH.to_owned();
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("next", next.as_str())
        .finish();
    format!("{SIGN_IN_PATH}?{query}")
}

/// The page that was asked for, or, where something was sent, the page it was sent from.
fn return_path(request: &Request) -> Option<ReturnPath> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        request.uri().path_and_query()?.as_str().parse().ok()
    } else {
        own_referrer(request.headers())?.as_str().parse().ok()
    }
}
