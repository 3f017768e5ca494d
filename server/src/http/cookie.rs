//! The session cookie leaves the server in two answers: to a sign-in, and to a sign-out.

use axum::{
    extract::State,
    http::{HeaderValue, header::SET_COOKIE},
    response::{IntoResponseParts, Response, ResponseParts},
};
use tower_sessions::cookie::Cookie;

use crate::{config::CookieConfig, state::AppState, store::SessionId};

/// What becomes of the session cookie. Part of the answer of a handler.
#[derive(Debug, Clone, Copy)]
pub enum SessionCookie {
    /// The browser gets the id of a session that has begun (`D1`).
    Issue(SessionId),
    /// The browser drops the id of a session that the user has ended.
    Remove,
}

impl IntoResponseParts for SessionCookie {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

/// Writes the cookie that the handler asked for, and drops what the session library makes of it:
/// an answer that comes late for an old id must neither remove nor replace the cookie of a new
/// session (`D3`).
pub(super) async fn write(State(state): State<AppState>, mut response: Response) -> Response {
    let config = &state.cookie;
    let kept: Vec<HeaderValue> = response
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .filter(|cookie| !is_named(cookie, &config.name))
        .cloned()
        .collect();
    response.headers_mut().remove(SET_COOKIE);
    let asked_for = response.extensions_mut().remove::<SessionCookie>();
    let own = asked_for.and_then(|cookie| HeaderValue::from_str(&config.render(cookie)).ok());
    for cookie in kept.into_iter().chain(own) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn is_named(cookie: &HeaderValue, name: &str) -> bool {
    cookie
        .to_str()
        .ok()
        .and_then(|text| Cookie::parse(text).ok())
        .is_some_and(|cookie| cookie.name() == name)
}

impl CookieConfig {
    /// `Secure`, `HttpOnly`, `SameSite` and `Path` stand on the removal too: browsers refuse a
    /// `__Host-` cookie without them (`B1`, `B2`, `B3`). The lifetime is the server's business,
    /// so a cookie that is issued has none (`B5`).
    fn render(&self, cookie: SessionCookie) -> String {
        let (value, max_age) = match cookie {
            SessionCookie::Issue(id) => (id.to_string(), None),
            SessionCookie::Remove => (String::new(), Some(time::Duration::ZERO)),
        };
        let mut cookie = Cookie::build((self.name.as_str(), value))
            .path("/")
            .secure(self.secure)
            .http_only(true)
            .same_site(self.same_site.into());
        if let Some(max_age) = max_age {
            cookie = cookie.max_age(max_age);
        }
        cookie.build().to_string()
    }
}
