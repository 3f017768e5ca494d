//! Headers that every answer carries.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};

use crate::state::AppState;

/// For answers that are no pages of ours; a page brings its own with a nonce.
const NOTHING_ALLOWED: HeaderValue =
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

/// Adds what is missing. Nothing may be kept by a browser or a proxy unless it says so itself
/// (`H1`); a year of HTTPS only, where cookies are for HTTPS only (`B9`).
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
    insert_missing(headers, header::CONTENT_SECURITY_POLICY, NOTHING_ALLOWED);
    response
}

fn insert_missing(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}
