//! The session cookie leaves the server in two answers: to a sign-in, and to a sign-out.

use axum::{
    http::{
        HeaderMap, HeaderValue,
        header::{COOKIE, SET_COOKIE},
    },
    response::{IntoResponseParts, Response, ResponseParts},
};
use tower_sessions::cookie::Cookie;

use crate::{config::CookieConfig, store::SessionId};

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

/// The id that the browser came with. Of several the last counts.
pub(super) fn presented(config: &CookieConfig, headers: &HeaderMap) -> Option<SessionId> {
    let mut values = headers.get_all(COOKIE).iter().rev();
    let id = values.find_map(|cookies| {
        let mut cookies = cookies.as_bytes().rsplit(|byte| *byte == b';');
        cookies.find_map(|cookie| value_of(cookie, &config.name))
    })?;
    str::from_utf8(id).ok()?.parse().ok()
}

/// The value of `cookie`, if that is its name.
fn value_of<'cookie>(cookie: &'cookie [u8], name: &str) -> Option<&'cookie [u8]> {
    let after_name = cookie.trim_ascii().strip_prefix(name.as_bytes())?;
    Some(after_name.trim_ascii().strip_prefix(b"=")?.trim_ascii())
}

/// Writes the cookie that the handler asked for. No other answer has one: an answer that comes late
/// for an old id must neither remove nor replace the cookie of a new session (`D3`).
pub(super) fn write(config: &CookieConfig, mut response: Response) -> Response {
    let asked_for = response.extensions_mut().remove::<SessionCookie>();
    let cookie = asked_for.and_then(|cookie| HeaderValue::from_str(&config.render(cookie)).ok());
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SameSite;

    fn presented_in(cookies: &[&str]) -> Option<SessionId> {
        let config = CookieConfig {
            name: "__Host-dwell".to_owned(),
            secure: true,
            same_site: SameSite::Lax,
        };
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        presented(&config, &headers)
    }

    #[test]
    fn the_last_cookie_of_the_name_counts_whatever_stands_around_it() {
        let (first, last) = (SessionId::default(), SessionId::default());
        let one = format!("theme=dark;  __Host-dwell={last} ; x-__Host-dwell={first}; a; =b");
        let two = format!("__Host-dwell={first}; lang=en; __Host-dwell={last}");
        let before = format!("__Host-dwell={first}");
        assert_eq!(presented_in(&[&one]), Some(last));
        assert_eq!(presented_in(&[&two]), Some(last));
        assert_eq!(presented_in(&[&before, &two]), Some(last));
        assert_eq!(presented_in(&[&two, "__Host-dwell=none"]), None);
        assert_eq!(presented_in(&["__Host-dwell", "theme=dark", ""]), None);
    }
}
