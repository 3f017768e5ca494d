//! What a request is made for.

use axum::http::{HeaderMap, header};

/// Whether the answer is to become the page: told by Fetch Metadata, or, where the browser sends
/// none, by an `Accept` header that asks for HTML.
pub fn is_navigation(headers: &HeaderMap) -> bool {
    match header_text(headers, "sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => {
            header_text(headers, header::ACCEPT.as_str()).is_some_and(|a| a.contains("text/html"))
        }
    }
}

/// Whether the body is a form as browsers send it.
pub fn is_form(headers: &HeaderMap) -> bool {
    header_text(headers, header::CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

/// The text of a header, if it is there and is text.
pub fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
