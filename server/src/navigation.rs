//! What a request is made for.

use axum::http::{
    HeaderMap, HeaderName,
    header::{self, AsHeaderName},
};

pub(crate) const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
pub(crate) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
pub(crate) const SEC_FETCH_USER: HeaderName = HeaderName::from_static("sec-fetch-user");
pub(crate) const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
pub(crate) const PURPOSE: HeaderName = HeaderName::from_static("purpose");

/// Whether the answer is to become the page: told by Fetch Metadata, or, where the browser sends
/// none, by an `Accept` header that asks for HTML.
pub fn is_navigation(headers: &HeaderMap) -> bool {
    match header_text(headers, SEC_FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => header_text(headers, header::ACCEPT).is_some_and(|a| a.contains("text/html")),
    }
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
