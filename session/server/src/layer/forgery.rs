//! Recognises requests that another site made the browser send (`K2`).

use axum::http::{HeaderMap, Method, Uri, header};

use super::head::changes_something;
use crate::navigation::SEC_FETCH_SITE;

/// Whether another site has caused this request. `Sec-Fetch-Site` decides, or, if the browser does
/// not send it, the `Origin` header. A request that has neither header does not come from a browser
/// that another site could use.
pub(crate) fn is_forged(method: &Method, headers: &HeaderMap) -> bool {
    changes_something(method) && !is_same_origin(headers)
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    if headers.contains_key(SEC_FETCH_SITE) {
        let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
        return sites.all(|site| site == "same-origin" || site == "none");
    }
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    headers.get_all(header::ORIGIN).iter().all(|origin| {
        let origin = origin.to_str().ok().and_then(|o| o.parse::<Uri>().ok());
        let origin_host = origin.as_ref().and_then(Uri::authority);
        origin_host.is_some() && origin_host.map(|authority| authority.as_str()) == host
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(method: &Method, headers: &[(&'static str, &str)]) -> bool {
        let mut all = HeaderMap::new();
        all.insert("host", "dwell.example".parse().unwrap());
        for (name, value) in headers {
            all.append(*name, value.parse().unwrap());
        }
        !is_forged(method, &all)
    }

    // K2
    #[test]
    fn fetch_metadata_decides_and_the_origin_is_the_fallback() {
        let table: [(&[(&'static str, &str)], bool); 13] = [
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
            (
                &[
                    ("sec-fetch-site", "same-origin"),
                    ("sec-fetch-site", "cross-site"),
                ],
                false,
            ),
            (
                &[
                    ("origin", "https://dwell.example"),
                    ("origin", "https://evil.example"),
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
            assert_eq!(is_allowed(&Method::POST, headers), allowed, "{headers:?}");
            assert!(is_allowed(&Method::GET, headers), "{headers:?}");
        }
    }
}
