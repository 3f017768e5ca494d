//! Whether a request is made to show a page.

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

/// The text of a header, if it is there and is text.
pub fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
