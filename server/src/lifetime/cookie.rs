//! The session cookie leaves the server in two answers: to a sign-in, and to a sign-out. What is
//! left in the browser after a sign-out says so, for a moment.

use axum::{
    http::{
        HeaderMap, HeaderName,
        header::{COOKIE, SET_COOKIE},
    },
    response::AppendHeaders,
};
use memchr::memrchr;
use tower_sessions::cookie::Cookie;

use crate::{config::CookieConfig, store::SessionId};

/// What becomes of the session cookie. Part of the answer of a handler, and of no other answer: one
/// that comes late for an old id must neither remove nor replace the cookie of a new session (`D3`).
pub type SessionCookie = AppendHeaders<[(HeaderName, String); 1]>;

/// The id that the browser came with. Of several the last counts.
pub(super) fn presented(config: &CookieConfig, headers: &HeaderMap) -> Option<SessionId> {
    cookie_value(headers, &config.name)?.parse().ok()
}

/// The value of the last cookie of this name that the browser came with.
pub(crate) fn cookie_value<'request>(
    headers: &'request HeaderMap,
    name: &str,
) -> Option<&'request str> {
    let mut values = headers.get_all(COOKIE).iter().rev();
    let value = values.find_map(|cookies| last_value(cookies.as_bytes(), name))?;
    str::from_utf8(value).ok()
}

/// The value of the last cookie of this name.
fn last_value<'cookies>(mut cookies: &'cookies [u8], name: &str) -> Option<&'cookies [u8]> {
    while let Some(end) = memrchr(b';', cookies) {
        let value = value_of(&cookies[end + 1..], name);
        if value.is_some() {
            return value;
        }
        cookies = &cookies[..end];
    }
    value_of(cookies, name)
}

/// The value of `cookie`, if that is its name.
fn value_of<'cookie>(cookie: &'cookie [u8], name: &str) -> Option<&'cookie [u8]> {
    let after_name = cookie.trim_ascii().strip_prefix(name.as_bytes())?;
    Some(after_name.trim_ascii().strip_prefix(b"=")?.trim_ascii())
}

/// How long a browser remembers that somebody has signed out in it.
const SIGN_OUT_REMEMBERED: time::Duration = time::Duration::minutes(1);

impl CookieConfig {
    /// Whether somebody has just signed out in this browser, which has no session since.
    pub fn tells_of_sign_out(&self, headers: &HeaderMap) -> bool {
        let name = self.sign_out_name();
        let mut cookies = headers.get_all(COOKIE).iter();
        cookies.any(|cookies| last_value(cookies.as_bytes(), &name).is_some())
    }

    /// Lets the browser remember for a moment that somebody has signed out in it, since with the
    /// session's id it has forgotten whose sign-out that was.
    pub fn remember_sign_out(&self) -> SessionCookie {
        self.write(
            &self.sign_out_name(),
            "1".to_owned(),
            Some(SIGN_OUT_REMEMBERED),
        )
    }

    fn sign_out_name(&self) -> String {
        format!("{}-signed-out", self.name)
    }

    /// Gives the browser the id of a session that has begun (`D1`). The lifetime is the server's
    /// business, so the cookie has none (`B5`).
    pub fn issue(&self, id: SessionId) -> SessionCookie {
        self.write(&self.name, id.to_string(), None)
    }

    /// Makes the browser drop the id of a session that the user has ended.
    pub fn remove(&self) -> SessionCookie {
        self.write(&self.name, String::new(), Some(time::Duration::ZERO))
    }

    /// `Secure`, `HttpOnly`, `SameSite` and `Path` stand on the removal too: browsers refuse a
    /// `__Host-` cookie without them (`B1`, `B2`, `B3`).
    fn write(&self, name: &str, value: String, max_age: Option<time::Duration>) -> SessionCookie {
        let mut cookie = Cookie::build((name, value))
            .path("/")
            .secure(self.secure)
            .http_only(true)
            .same_site(self.same_site.into());
        if let Some(max_age) = max_age {
            cookie = cookie.max_age(max_age);
        }
        AppendHeaders([(SET_COOKIE, cookie.build().to_string())])
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::config::SameSite;

    fn presented_in(cookies: &[impl AsRef<[u8]>]) -> Option<SessionId> {
        let config = CookieConfig {
            name: "__Host-dwell".to_owned(),
            secure: true,
            same_site: SameSite::Lax,
        };
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(COOKIE, HeaderValue::from_bytes(cookie.as_ref()).unwrap());
        }
        presented(&config, &headers)
    }

    #[test]
    fn the_last_cookie_of_the_name_counts_whatever_stands_around_it() {
        let (first, last) = (SessionId::default(), SessionId::default());
        let one = format!("theme=dark;  __Host-dwell={last} ; x-__Host-dwell={first}; a; =b");
        let two = format!("__Host-dwell={first}; lang=en; __Host-dwell={last}");
        let before = format!("__Host-dwell={first}");
        let no_text = [one.as_bytes(), b"; name=\xff"].concat();
        assert_eq!(presented_in(&[&one]), Some(last));
        assert_eq!(presented_in(&[&two]), Some(last));
        assert_eq!(presented_in(&[&before, &two]), Some(last));
        assert_eq!(presented_in(&[&no_text]), Some(last));
        assert_eq!(presented_in(&[two.as_str(), "__Host-dwell=none"]), None);
        assert_eq!(presented_in(&["__Host-dwell", "theme=dark", ""]), None);
    }
}
