//! What a request is made for.

use axum::http::{
    HeaderMap, HeaderName,
    header::{self, AsHeaderName},
};

pub(crate) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the browser says of it. Every request is asked, so the headers are gone through once.
#[derive(Debug, Default)]
pub(crate) struct Purpose<'request> {
    mode: Option<&'request str>,
    user: Option<&'request str>,
    accept: Option<&'request str>,
    is_speculative: bool,
}

impl<'request> Purpose<'request> {
    pub(crate) fn of(headers: &'request HeaderMap) -> Self {
        let mut purpose = Self::default();
        for (name, value) in headers {
            let place = match name.as_str() {
                "sec-fetch-mode" => &mut purpose.mode,
                "sec-fetch-user" => &mut purpose.user,
                "accept" => &mut purpose.accept,
                "sec-purpose" | "purpose" => {
                    let text = value.to_str().unwrap_or_default();
                    purpose.is_speculative |=
                        text.contains("prefetch") || text.contains("prerender");
                    continue;
                }
                _ => continue,
            };
            // Of several the first counts, as it does everywhere else.
            *place = place.or(value.to_str().ok());
        }
        purpose
    }

    /// Whether the answer is to become the page: told by Fetch Metadata, or, where the browser
    /// sends none, by an `Accept` header that asks for HTML.
    pub(crate) fn is_navigation(&self) -> bool {
        match self.mode {
            Some(mode) => mode == "navigate",
            None => self.accept.is_some_and(|kinds| kinds.contains("text/html")),
        }
    }

    /// Whether it is a navigation that the user started: browsers with Fetch Metadata say so.
    pub(crate) fn is_started_by_user(&self) -> bool {
        let is_by_user = self.mode.is_none() || self.user == Some("?1");
        self.is_navigation() && is_by_user && !self.is_speculative
    }
}

/// Whether the answer is to become the page.
pub fn is_navigation(headers: &HeaderMap) -> bool {
    Purpose::of(headers).is_navigation()
}

/// Whether the body is a form as browsers send it.
pub fn is_form(headers: &HeaderMap) -> bool {
    header_text(headers, header::CONTENT_TYPE)
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

/// The text of a header, if it is there and is text.
pub fn header_text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
