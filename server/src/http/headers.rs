//! The headers that every answer has.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};

use crate::state::AppState;

/// The Content-Security-Policy of answers that are not pages. A page has one of its own, with a
/// nonce.
const ALLOW_NOTHING: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

const ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    ),
];

/// Adds the headers that are missing. An answer that does not say otherwise is not cached (`H1`).
/// If cookies are for HTTPS only, browsers are told to use HTTPS only for a year (`B9`).
pub(super) fn add(state: &AppState, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.reserve(ALWAYS.len() + 3);
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
    if state.dwell.cookie().is_secure() {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    insert_missing(
        headers,
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-store"),
    );
    insert_missing(headers, header::CONTENT_SECURITY_POLICY, ALLOW_NOTHING);
    response
}

fn insert_missing(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}
