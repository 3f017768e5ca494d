//! What the headers of a request say about why the browser makes it.

use axum::{
    extract::OriginalUri,
    http::{
        Extensions, HeaderMap, HeaderName, Uri,
        header::{self, AsHeaderName},
        uri::PathAndQuery,
    },
};

pub(crate) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The headers that say why the browser makes a request. They are read for every request, so all of
/// them are collected in one pass.
#[derive(Debug, Default)]
pub(crate) struct Purpose<'request> {
    mode: Option<&'request str>,
    dest: Option<&'request str>,
    site: Option<&'request str>,
    user: Option<&'request str>,
    accept: Option<&'request str>,
    is_speculative: bool,
}

/// Who has started a navigation of a browser window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Starter {
    /// The user, from a page of this program or from the address bar.
    User,
    /// Perhaps the user. This browser does not say who starts navigations.
    Unknown,
    /// Another site or a script, or the request is not a navigation of the window.
    Other,
}

impl<'request> Purpose<'request> {
    pub(crate) fn of(headers: &'request HeaderMap) -> Self {
        let mut purpose = Self::default();
        for (name, value) in headers {
            let field = match name.as_str() {
                "sec-fetch-mode" => &mut purpose.mode,
                "sec-fetch-dest" => &mut purpose.dest,
                "sec-fetch-site" => &mut purpose.site,
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
            // If a header occurs several times, the first one counts, as in `HeaderMap::get`.
            *field = field.or(Some(value.to_str().unwrap_or_default()));
        }
        purpose
    }

    /// Whether the browser will show the answer as a page. `Sec-Fetch-Mode` decides, or, if the
    /// browser does not send it, an `Accept` header that asks for HTML.
    pub(crate) fn is_navigation(&self) -> bool {
        match self.mode {
            Some(mode) => mode == "navigate",
            None => self.accept.is_some_and(|kinds| kinds.contains("text/html")),
        }
    }

    /// Who has started the navigation, as far as it is known. `headers` are those of the request.
    pub(crate) fn starter(&self, headers: &HeaderMap) -> Starter {
        if self.is_speculative || !self.is_navigation() {
            return Starter::Other;
        }
        match (self.mode, self.dest, self.site, self.user) {
            (None, None, None, None) => Starter::Unknown,
            (Some(_), Some("document"), Some("same-origin" | "none"), Some("?1")) => Starter::User,
            (Some(_), Some("document"), None | Some("same-origin" | "none"), None)
                if is_webkit(headers) =>
            {
                Starter::Unknown
            }
            _ => Starter::Other,
        }
    }
}

/// Whether the browser is based on WebKit, which never says that a user has started a navigation.
/// Chromium also includes the name of WebKit in its `User-Agent`.
fn is_webkit(headers: &HeaderMap) -> bool {
    header_text(headers, header::USER_AGENT).is_some_and(|browser| {
        browser.contains("AppleWebKit/")
            && !browser.contains("Chrome/")
            && !browser.contains("Chromium/")
    })
}

/// Whether the request comes from another page of this program than `target`, which is the page
/// that it asks for. A reload, by a script or by the user, does not.
pub(crate) fn comes_from_other_page(target: Option<&PathAndQuery>, headers: &HeaderMap) -> bool {
    let is_reload = header_text(headers, header::CACHE_CONTROL)
        .is_some_and(|directive| directive.contains("max-age=0") || directive.contains("no-cache"));
    let from = own_referrer(headers);
    !is_reload && from.is_some() && from.as_ref() != target
}

/// The path and query of the page of this program from which the request comes, by its `Referer`
/// header. Returns `None` if the request comes from another site or has no such header.
pub fn own_referrer(headers: &HeaderMap) -> Option<PathAndQuery> {
    let referrer: Uri = header_text(headers, header::REFERER)?.parse().ok()?;
    let is_own = referrer.authority()?.as_str() == header_text(headers, header::HOST)?;
    is_own.then(|| referrer.path_and_query().cloned()).flatten()
}

/// Whether the browser will show the answer to a request with these headers as a page.
/// `Sec-Fetch-Mode` decides, or, if the browser does not send it, an `Accept` header that asks for
/// HTML.
pub fn is_navigation(headers: &HeaderMap) -> bool {
    Purpose::of(headers).is_navigation()
}

/// Whether the body is a URL-encoded form, by its `Content-Type`.
pub fn is_form(headers: &HeaderMap) -> bool {
    has_type(headers, "application/x-www-form-urlencoded")
}

/// Whether the body has the media type `wanted`, which is in lower case.
pub(crate) fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    header_text(headers, header::CONTENT_TYPE)
        .and_then(|kind| kind.get(..wanted.len()))
        .is_some_and(|kind| kind.eq_ignore_ascii_case(wanted))
}

/// The address of a request as the browser has sent it. A nested router shortens it for its routes.
pub(crate) fn original_uri<'request>(
    uri: &'request Uri,
    extensions: &'request Extensions,
) -> &'request Uri {
    let original = extensions.get::<OriginalUri>();
    original.map_or(uri, |OriginalUri(uri)| uri)
}

/// The value of a header, if the header exists and its value is visible ASCII.
pub fn header_text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
