//! What a browser says of why it makes a request.

use axum::http::{
    HeaderMap, HeaderName, Uri,
    header::{self, AsHeaderName},
    uri::PathAndQuery,
};

pub(crate) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the browser says of a request. It is asked of every request, so the headers are gone through
/// once.
#[derive(Debug, Default)]
pub(crate) struct Purpose<'request> {
    mode: Option<&'request str>,
    dest: Option<&'request str>,
    site: Option<&'request str>,
    user: Option<&'request str>,
    accept: Option<&'request str>,
    is_speculative: bool,
}

/// Who started a navigation of the browser's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Starter {
    /// The user, from a page of ours or the address bar.
    User,
    /// Somebody: the browser never says whether it was the user.
    Unsaid,
    /// Another site or a script; or it is no navigation of the window.
    Other,
}

impl<'request> Purpose<'request> {
    pub(crate) fn of(headers: &'request HeaderMap) -> Self {
        let mut purpose = Self::default();
        for (name, value) in headers {
            let place = match name.as_str() {
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
            // Of several the first counts, as it does everywhere else.
            *place = place.or(Some(value.to_str().unwrap_or_default()));
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

    /// Who started it, as far as `headers`, which are those of the request, tell.
    pub(crate) fn starter(&self, headers: &HeaderMap) -> Starter {
        if self.is_speculative || !self.is_navigation() {
            return Starter::Other;
        }
        match (self.mode, self.dest, self.site, self.user) {
            (None, None, None, None) => Starter::Unsaid,
            (Some(_), Some("document"), Some("same-origin" | "none"), Some("?1")) => Starter::User,
            (Some(_), Some("document"), None | Some("same-origin" | "none"), None)
                if is_webkit(headers) =>
            {
                Starter::Unsaid
            }
            _ => Starter::Other,
        }
    }
}

/// Whether the browser is built on WebKit, which never says that a user started a navigation.
/// Chromium gives WebKit's name beside its own.
fn is_webkit(headers: &HeaderMap) -> bool {
    header_text(headers, header::USER_AGENT).is_some_and(|browser| {
        browser.contains("AppleWebKit/")
            && !browser.contains("Chrome/")
            && !browser.contains("Chromium/")
    })
}

/// Whether the browser comes from another page of ours than `target`, the one that it asks for. A
/// page that loads itself anew, whether by a script or by the user, does not lead on.
pub(crate) fn leads_on(target: Option<&PathAndQuery>, headers: &HeaderMap) -> bool {
    let is_reload = header_text(headers, header::CACHE_CONTROL)
        .is_some_and(|wish| wish.contains("max-age=0") || wish.contains("no-cache"));
    let from = own_referrer(headers);
    !is_reload && from.is_some() && from.as_ref() != target
}

/// The page of ours that the request comes from.
pub fn own_referrer(headers: &HeaderMap) -> Option<PathAndQuery> {
    let referrer: Uri = header_text(headers, header::REFERER)?.parse().ok()?;
    let is_own = referrer.authority()?.as_str() == header_text(headers, header::HOST)?;
    is_own.then(|| referrer.path_and_query().cloned()).flatten()
}

/// Whether the answer to a request with these headers is to become the page.
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
