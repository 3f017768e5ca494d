//! Turns away requests that another site made the browser send (`K2`).

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, Uri, header},
    response::Response,
};

use super::changes_something;
use crate::{navigation::SEC_FETCH_SITE, refusal::refusal};

/// Fetch Metadata decides; where the browser sends none, the origin does. A request with neither
/// comes from no browser that another site could make send it.
pub(super) fn is_forged(request: &Request) -> bool {
    changes_something(request) && !is_own(request.headers())
}

pub(super) fn refuse(headers: &HeaderMap) -> Response {
    refusal(
        headers,
        StatusCode::FORBIDDEN,
        "cross_site",
        "This request came from another site",
        "Nothing was changed. Open the page here and try again.",
    )
}

fn is_own(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site == "same-origin" || site == "none";
    }
    match headers.get(header::ORIGIN) {
        Some(origin) => {
            let origin = origin.to_str().ok().and_then(|o| o.parse::<Uri>().ok());
            let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
            let origin_host = origin.as_ref().and_then(Uri::authority);
            origin_host.is_some() && origin_host.map(|authority| authority.as_str()) == host
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Method};

    use super::*;

    fn is_allowed(method: Method, headers: &[(&str, &str)]) -> bool {
        let request = headers
            .iter()
            .fold(
                Request::builder()
                    .method(method)
                    .header("host", "dwell.example"),
                |request, (name, value)| request.header(*name, *value),
            )
            .body(Body::empty())
            .unwrap();
        !is_forged(&request)
    }

    // K2
    #[test]
    fn fetch_metadata_decides_and_the_origin_is_the_fallback() {
        let table: [(&[(&str, &str)], bool); 11] = [
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "https://dwell.example"),
                ],
                false,
            ),
            (&[("origin", "https://dwell.example")], true),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "https://dwell.example.evil.example")], false),
            (&[("origin", "https://dwell.example:8443")], false),
            (&[("origin", "null")], false),
            (&[], true),
        ];
        for (headers, allowed) in table {
            assert_eq!(is_allowed(Method::POST, headers), allowed, "{headers:?}");
            assert!(is_allowed(Method::GET, headers), "{headers:?}");
        }
    }
}
