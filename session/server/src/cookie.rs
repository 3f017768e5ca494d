//! The session cookie. It leaves the server in two answers: to a sign-in, and to a sign-out. What is
//! left in the browser after a sign-out says so, for a minute.

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};
use memchr::memrchr;
use tower_sessions::cookie;

use crate::store::SessionId;

/// How long a browser remembers that somebody has signed out in it.
const SIGN_OUT_REMEMBERED: time::Duration = time::Duration::minutes(1);

/// The `SameSite` attributes that make sense for a session (`B3`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// The cookie never comes along from other sites, not even on a link that was followed.
    Strict,
    /// The cookie comes along from other sites only on links that were followed.
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

/// How the session cookie is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCookie {
    name: String,
    is_secure: bool,
    same_site: SameSite,
}

impl Default for SessionCookie {
    /// `__Host-dwell`, over HTTPS alone, `SameSite=Lax`.
    fn default() -> Self {
        Self {
            name: "__Host-dwell".to_owned(),
            is_secure: true,
            same_site: SameSite::Lax,
        }
    }
}

impl SessionCookie {
    /// A cookie with this name, which browsers send over HTTPS alone if `is_secure`.
    ///
    /// # Errors
    ///
    /// Browsers would not keep it.
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

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether browsers send it over HTTPS alone.
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Whether it comes along from other sites.
    pub fn same_site(&self) -> SameSite {
        self.same_site
    }

    /// Whether no other host of the domain can give browsers a cookie of this name (`B2`).
    pub fn is_bound_to_host(&self) -> bool {
        self.name.to_ascii_lowercase().starts_with("__host-")
    }

    /// The id that the browser came with. Of several cookies of the name, the last counts.
    pub(crate) fn presented(&self, headers: &HeaderMap) -> Option<SessionId> {
        cookie_value(headers, &self.name)?.parse().ok()
    }

    /// Whether somebody has just signed out in this browser, which has had no session since.
    pub(crate) fn tells_of_sign_out(&self, headers: &HeaderMap) -> bool {
        let name = self.sign_out_name();
        let mut cookies = headers.get_all(COOKIE).iter();
        cookies.any(|cookies| last_value(cookies.as_bytes(), &name).is_some())
    }

    /// Lets the browser remember for a minute that somebody has signed out in it, since with the
    /// session's id it has forgotten whose sign-out that was.
    pub(crate) fn remember_sign_out(&self) -> Option<HeaderValue> {
        self.write(
            &self.sign_out_name(),
            "1".to_owned(),
            Some(SIGN_OUT_REMEMBERED),
        )
    }

    fn sign_out_name(&self) -> String {
        format!("{}-signed-out", self.name)
    }

    /// Gives the browser the id of a session that has begun (`D1`). How long the session lives is the
    /// server's business, so the cookie has no lifetime (`B5`).
    pub(crate) fn issue(&self, id: SessionId) -> Option<HeaderValue> {
        self.write(&self.name, id.to_string(), None)
    }

    /// Makes the browser drop the id of a session that the user has ended.
    pub(crate) fn remove(&self) -> Option<HeaderValue> {
        self.write(&self.name, String::new(), Some(time::Duration::ZERO))
    }

    /// `Secure`, `HttpOnly`, `SameSite` and `Path` stand on the removal too: browsers refuse a
    /// `__Host-` cookie without them (`B1`, `B2`, `B3`).
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

/// A cookie that browsers would not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCookie {
    /// The name has characters that are not allowed in one.
    #[error("the name of a cookie has letters, digits, '-', '_' and '.'")]
    Name,
    /// The name promises what the cookie does not keep.
    #[error("a cookie with the prefix __Host- or __Secure- is for HTTPS alone")]
    Prefix,
}

/// The value of the last cookie of this name that the browser came with.
pub fn cookie_value<'request>(headers: &'request HeaderMap, name: &str) -> Option<&'request str> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn presented_in(cookies: &[impl AsRef<[u8]>]) -> Option<SessionId> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(COOKIE, HeaderValue::from_bytes(cookie.as_ref()).unwrap());
        }
        SessionCookie::default().presented(&headers)
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

    // B1
    #[test]
    fn a_cookie_that_browsers_would_not_keep_is_an_error() {
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
