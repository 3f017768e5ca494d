//! The session cookie, which is set in the answer to a sign-in and removed in the answer to a
//! sign-out, and in no other answer. A second cookie marks a browser for a minute after a sign-out.

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};
use memchr::memrchr;
use tower_sessions::cookie;

use crate::store::SessionId;

/// How long a browser keeps the cookie that marks a sign-out.
const SIGN_OUT_MARK_MAX_AGE: time::Duration = time::Duration::minutes(1);

/// The `SameSite` attributes that make sense for a session (`B3`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// The browser never sends the cookie with requests that another site has caused, not even if
    /// the user has followed a link.
    Strict,
    /// The browser sends the cookie with a request that another site has caused only if the user
    /// has followed a link.
    Lax,
}

impl From<SameSite> for cookie::SameSite {
    fn from(same_site: SameSite) -> Self {
        match same_site {
            SameSite::Strict => Self::Strict,
            SameSite::Lax => Self::Lax,
        }
    }
}

/// The name and the attributes of the session cookie.
///
/// ```
/// use dwell::{SameSite, SessionCookie};
///
/// let cookie = SessionCookie::new("__Host-shop", true, SameSite::Strict)?;
/// assert!(cookie.is_bound_to_host());
///
/// // A browser keeps no cookie with this prefix unless it is `Secure`.
/// assert!(SessionCookie::new("__Host-shop", false, SameSite::Strict).is_err());
/// # Ok::<_, dwell::InvalidCookie>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCookie {
    name: String,
    is_secure: bool,
    same_site: SameSite,
}

impl Default for SessionCookie {
    /// The name is `__Host-dwell`, and the attributes are `Secure`, `HttpOnly`, `SameSite=Lax` and
    /// `Path=/`.
    fn default() -> Self {
        Self {
            name: "__Host-dwell".to_owned(),
            is_secure: true,
            same_site: SameSite::Lax,
        }
    }
}

impl SessionCookie {
    /// A cookie with this name. If `is_secure`, browsers send it over HTTPS only.
    ///
    /// # Errors
    ///
    /// Browsers would not accept the cookie.
    pub fn new(
        name: impl Into<String>,
        is_secure: bool,
        same_site: SameSite,
    ) -> Result<Self, InvalidCookie> {
        let name = name.into();
        let is_token = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !is_token {
            return Err(InvalidCookie::Name);
        }
        let lower = name.to_ascii_lowercase();
        if !is_secure && (lower.starts_with("__host-") || lower.starts_with("__secure-")) {
            return Err(InvalidCookie::Prefix);
        }
        Ok(Self {
            name,
            is_secure,
            same_site,
        })
    }

    /// The name of the cookie.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether browsers send the cookie over HTTPS only.
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Whether browsers send the cookie with requests that other sites have caused.
    pub fn same_site(&self) -> SameSite {
        self.same_site
    }

    /// Whether the name has the prefix `__Host-`, so that no other host of the domain can set a
    /// cookie of this name (`B2`).
    pub fn is_bound_to_host(&self) -> bool {
        self.name.to_ascii_lowercase().starts_with("__host-")
    }

    /// The session id in the cookie of a request. If there are several cookies of the name, the
    /// last one counts.
    pub(crate) fn session_id(&self, headers: &HeaderMap) -> Option<SessionId> {
        cookie_value(headers, &self.name)?.parse().ok()
    }

    /// Whether somebody has signed out in this browser within the last minute.
    pub(crate) fn has_sign_out_mark(&self, headers: &HeaderMap) -> bool {
        let name = self.sign_out_mark_name();
        let mut cookies = headers.get_all(COOKIE).iter();
        cookies.any(|cookies| last_value(cookies.as_bytes(), &name).is_some())
    }

    /// The header that marks the browser for a minute after a sign-out. The browser no longer has
    /// the session id by then, so the tombstone of the session cannot be found.
    pub(crate) fn sign_out_mark(&self) -> Option<HeaderValue> {
        self.write(
            &self.sign_out_mark_name(),
            "1".to_owned(),
            Some(SIGN_OUT_MARK_MAX_AGE),
        )
    }

    fn sign_out_mark_name(&self) -> String {
        format!("{}-signed-out", self.name)
    }

    /// The header that sets the id of a new session (`D1`). The cookie has no lifetime, because the
    /// server decides how long the session lives (`B5`).
    pub(crate) fn issue(&self, id: SessionId) -> Option<HeaderValue> {
        self.write(&self.name, id.to_string(), None)
    }

    /// The header that removes the cookie when the user has signed out.
    pub(crate) fn remove(&self) -> Option<HeaderValue> {
        self.write(&self.name, String::new(), Some(time::Duration::ZERO))
    }

    /// The removal has the same attributes, because browsers refuse a `__Host-` cookie without them
    /// (`B1`, `B2`, `B3`).
    fn write(
        &self,
        name: &str,
        value: String,
        max_age: Option<time::Duration>,
    ) -> Option<HeaderValue> {
        let mut written = cookie::Cookie::build((name, value))
            .path("/")
            .secure(self.is_secure)
            .http_only(true)
            .same_site(self.same_site.into());
        if let Some(max_age) = max_age {
            written = written.max_age(max_age);
        }
        HeaderValue::try_from(written.build().to_string()).ok()
    }
}

/// Browsers would not accept this cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCookie {
    /// The name is empty, or has characters that are not allowed.
    #[error("the name of a cookie must consist of letters, digits, '-', '_' and '.'")]
    Name,
    /// The prefix of the name requires `Secure`, which is not set.
    #[error("a cookie whose name begins with __Host- or __Secure- must be for HTTPS only")]
    Prefix,
}

/// The value of the cookie of this name in the headers of a request. If there are several, the last
/// one counts. Returns `None` if there is none, or if its value is not UTF-8.
pub fn cookie_value<'request>(headers: &'request HeaderMap, name: &str) -> Option<&'request str> {
    let mut values = headers.get_all(COOKIE).iter().rev();
    let value = values.find_map(|cookies| last_value(cookies.as_bytes(), name))?;
    str::from_utf8(value).ok()
}

/// The value of the last cookie of this name in a `Cookie` header.
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

/// The value of `cookie`, if `name` is the name of the cookie.
fn value_of<'cookie>(cookie: &'cookie [u8], name: &str) -> Option<&'cookie [u8]> {
    let after_name = cookie.trim_ascii().strip_prefix(name.as_bytes())?;
    Some(after_name.trim_ascii().strip_prefix(b"=")?.trim_ascii())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn session_id_in(cookies: &[impl AsRef<[u8]>]) -> Option<SessionId> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(COOKIE, HeaderValue::from_bytes(cookie.as_ref()).unwrap());
        }
        SessionCookie::default().session_id(&headers)
    }

    #[test]
    fn the_last_of_several_cookies_with_the_name_counts() {
        let (first, last) = (SessionId::default(), SessionId::default());
        let one = format!("theme=dark;  __Host-dwell={last} ; x-__Host-dwell={first}; a; =b");
        let two = format!("__Host-dwell={first}; lang=en; __Host-dwell={last}");
        let before = format!("__Host-dwell={first}");
        let not_utf8 = [one.as_bytes(), b"; name=\xff"].concat();
        assert_eq!(session_id_in(&[&one]), Some(last));
        assert_eq!(session_id_in(&[&two]), Some(last));
        assert_eq!(session_id_in(&[&before, &two]), Some(last));
        assert_eq!(session_id_in(&[&not_utf8]), Some(last));
        assert_eq!(session_id_in(&[two.as_str(), "__Host-dwell=none"]), None);
        assert_eq!(session_id_in(&["__Host-dwell", "theme=dark", ""]), None);
    }

    // B1
    #[test]
    fn a_cookie_that_browsers_would_not_accept_is_an_error() {
        let new = |name, is_secure| SessionCookie::new(name, is_secure, SameSite::Lax).map(drop);
        assert_eq!(new("dwell", false), Ok(()));
        assert_eq!(new("__Host-dwell", true), Ok(()));
        assert_eq!(new("__host-dwell", false), Err(InvalidCookie::Prefix));
        assert_eq!(new("__Secure-a", false), Err(InvalidCookie::Prefix));
        for name in ["", "a b", "a=b", "a;b", "é"] {
            assert_eq!(new(name, true), Err(InvalidCookie::Name), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn the_last_cookie_of_the_name_is_found(
            lines in prop::collection::vec("((sid|x-sid|a)?[ =]{0,2}[a-z=\"]{0,3}[ ;]{0,2}){0,5}", 0..3),
        ) {
            let headers: HeaderMap = lines
                .iter()
                .map(|line| (COOKIE, HeaderValue::from_str(line).unwrap()))
                .collect();
            let cookies = lines.iter().flat_map(|line| line.split(';'));
            let named = cookies.filter_map(|cookie| cookie.split_once('='));
            let mut values = named.filter_map(|(name, value)| (name.trim() == "sid").then_some(value));
            prop_assert_eq!(cookie_value(&headers, "sid"), values.next_back().map(str::trim));
        }
    }
}
