//! The page that is shown after signing in (`F5`).

use std::{fmt, sync::Arc};

use axum::http::uri::PathAndQuery;
use dwell_session::Names;

/// The length of the longest return path, in bytes.
const MAX_LENGTH: usize = 2_048;

/// What a path of the program is: a page, a part of a page, or neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The path is a page, which people can open and to which they can return after signing in.
    Page,
    /// The path receives the forms or answers the scripts of the page with this path.
    PartOf(&'static str),
    /// The path is not a page and does not belong to one.
    NoPage,
}

/// Returns what a path of the program is.
type PlaceOf = dyn Fn(&str) -> Place + Send + Sync;

/// Knows which paths of the program are pages.
#[derive(Clone)]
pub(crate) struct Pages {
    names: Arc<Names>,
    place_of: Arc<PlaceOf>,
}

impl Pages {
    pub(crate) fn new(
        names: Arc<Names>,
        place_of: impl Fn(&str) -> Place + Send + Sync + 'static,
    ) -> Self {
        Self {
            names,
            place_of: Arc::new(place_of),
        }
    }

    /// Returns what `path` is. The paths of Dwell itself are not pages.
    pub(crate) fn place_of(&self, path: &str) -> Place {
        match self.names.is_own(path) {
            true => Place::NoPage,
            false => (self.place_of)(path),
        }
    }

    /// Returns the page to which `text` leads, which is a path that may have a query and a
    /// fragment. Returns `None` if it does not lead to a page, or could lead to another server.
    ///
    /// Browsers treat a backslash like a slash, remove tabs and line breaks, take `//host` as
    /// another server, and replace `/a/../b` by `/b`. A path with any of these is not accepted.
    pub(crate) fn return_path(&self, text: &str) -> Option<ReturnPath> {
        let is_local = text.starts_with('/')
            && !text.starts_with("//")
            && !text.contains('\\')
            && text.bytes().all(|byte| byte.is_ascii_graphic())
            && text.len() <= MAX_LENGTH;
        if !is_local {
            return None;
        }
        let parsed: PathAndQuery = text.parse().ok()?;
        let path = parsed.path();
        if path.split('/').any(is_dot_segment) {
            return None;
        }
        if path == self.names.sign_in || is_below(path, &self.names.sign_in) {
            return None;
        }
        match self.place_of(path) {
            Place::Page => Some(ReturnPath(text.to_owned())),
            Place::PartOf(page) => Some(ReturnPath(page.to_owned())),
            Place::NoPage => None,
        }
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages")
    }
}

/// Whether browsers resolve this segment of a path instead of sending it.
fn is_dot_segment(part: &str) -> bool {
    let part = part.to_ascii_lowercase().replace("%2e", ".");
    part == "." || part == ".."
}

/// Whether `path` is below `other`.
pub(crate) fn is_below(path: &str, other: &str) -> bool {
    path.strip_prefix(other)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// The path of a page of this program, perhaps with a query and a fragment. It cannot lead to
/// another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnPath(String);

impl ReturnPath {
    /// The path, in the form for a `Location` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReturnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::{Position, Url};

    use super::*;

    fn pages() -> Pages {
        Pages::new(Arc::new(Names::default()), |path| match path {
            "/healthz" => Place::NoPage,
            path if is_below(path, "/invoices") => Place::PartOf("/invoices"),
            _ => Place::Page,
        })
    }

    // F5
    #[test]
    fn a_path_to_a_page_is_accepted() {
        for path in [
            "/",
            "/invoices",
            "/invoices?a=b&c=%2F",
            "/%2Fevil.example",
            "/a//b",
            "/invoices?a=b#last",
            "/.dwell-of-yesterday",
            "/.../a.b/c..",
            "/invoices?a=/../b#/../c",
        ] {
            let accepted = pages().return_path(path);
            assert_eq!(accepted.as_ref().map(ReturnPath::as_str), Some(path));
        }
    }

    #[test]
    fn a_path_that_receives_a_form_leads_to_the_page_of_the_form() {
        for path in ["/invoices/delete", "/invoices/delete?id=1#last"] {
            let accepted = pages().return_path(path);
            assert_eq!(accepted.as_ref().map(ReturnPath::as_str), Some("/invoices"));
        }
    }

    // F5
    #[test]
    fn a_path_that_leads_elsewhere_is_refused() {
        let names = Names::default();
        let sign_in_again = format!("{}?next=/", names.sign_in);
        let long = format!("/{}", "a".repeat(MAX_LENGTH));
        for path in [
            "",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r\nLocation: https://evil.example",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "/invoices/../sign-in",
            "/./sign-in",
            "/invoices/..",
            "/.",
            "/%2e%2E/sign-in",
            "/.%2e//evil.example",
            " /invoices",
            "%2F%2Fevil.example",
            "invoices",
            &names.sign_in,
            &sign_in_again,
            &names.sign_out,
            &names.keep_alive,
            &names.drafts,
            "/healthz",
            &long,
        ] {
            assert_eq!(pages().return_path(path), None, "{path:?}");
        }
    }

    proptest! {
        // F5
        #[test]
        fn browsers_ask_for_exactly_the_accepted_path(
            text in "/([/\\\\.:@?#-]|%2[eEfF]|[a-z]{1,3}|sign-in|\\.dwell/status|[\t\n ]){0,12}",
        ) {
            if let Some(path) = pages().return_path(&text) {
                let base: Url = "https://program.example/sign-in".parse().unwrap();
                let target = base.join(path.as_str()).unwrap();
                prop_assert_eq!(target.origin(), base.origin());
                prop_assert_eq!(&target[Position::BeforePath..], path.as_str());
            }
        }
    }
}
