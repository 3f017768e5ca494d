//! Where an attempt to sign in comes from, and the device cookie, by which a browser shows that
//! somebody has signed in from it before.
//!
//! The cookie signs nobody in and names nobody. It is set in the answer to a sign-in, and stays
//! when the session ends.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, header::SET_COOKIE, request::Parts},
    response::AppendHeaders,
};
use dwell::{SessionCookie, cookie_value};
use tower_sessions::cookie::{Cookie, time::Duration};

use crate::{accounts::Client, state::AppState};

/// The longest time for which browsers keep a cookie.
const LIFETIME: Duration = Duration::days(400);

impl FromRequestParts<AppState> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let device_cookie = cookie_value(&parts.headers, &name(state.dwell.cookie()));
        Ok(Self {
            address: state.dwell.client_address(parts),
            device_cookie: device_cookie.map(str::to_owned),
        })
    }
}

/// The header that sets the device cookie, whose attributes follow those of the session cookie.
pub(super) fn set_device_cookie(
    session: &SessionCookie,
    value: String,
) -> AppendHeaders<[(HeaderName, String); 1]> {
    let cookie = Cookie::build((name(session), value))
        .path("/")
        .secure(session.is_secure())
        .http_only(true)
        .same_site(session.same_site().into())
        .max_age(LIFETIME);
    AppendHeaders([(SET_COOKIE, cookie.build().to_string())])
}

fn name(session: &SessionCookie) -> String {
    format!("{}-known", session.name())
}
