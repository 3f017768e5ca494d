//! Where signing in leads (`F5`).

use std::{fmt, sync::Arc};

use axum::http::uri::PathAndQuery;
use dwell_session::Names;

/// The longest return path, in bytes.
const LONGEST: usize = 2_048;

/// Where a path belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// It is a page.
    Page,
    /// It takes forms, or answers scripts, of this page.
    PartOf(&'static str),
    /// It is no page, and belongs to none.
    NoPage,
}

/// Says of a path where it belongs.
type PlaceOf = dyn Fn(&str) -> Place + Send + Sync;

/// Which paths of a program are pages, that somebody can open and return to.
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

    /// Where `path` belongs. Dwell's own paths belong to no page.
    pub(crate) fn place_of(&self, path: &str) -> Place {
        match self.names.is_own(path) {
            true => Place::NoPage,
            false => (self.place_of)(path),
        }
    }

    /// The page that `text` leads to, a path that perhaps has a query and a fragment. None where it
    /// leads to no page, or might lead to another server.
    ///
    /// Browsers take a backslash for a slash, drop tabs and line ends, read `//host` as another server,
    /// and ask for `/b` where they are sent to `/a/../b`; none of these is let in.
    pub(crate) fn return_path(&self, text: &str) -> Option<ReturnPath> {
        let is_local = text.starts_with('/')
            && !text.starts_with("//")
            && !text.contains('\\')
            && text.bytes().all(|byte| byte.is_ascii_graphic())
            && text.len() <= LONGEST;
        if !is_local {
            return None;
        }
        let parsed: PathAndQuery = text.parse().ok()?;
        let path = parsed.path();
        if path.split('/').any(is_dots) {
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

/// Whether a browser leaves this part out of a path, perhaps together with the part before it.
fn is_dots(part: &str) -> bool {
    let part = part.to_ascii_lowercase().replace("%2e", ".");
    part == "." || part == ".."
}

/// Whether `path` continues `other` after a slash.
pub(crate) fn is_below(path: &str, other: &str) -> bool {
    path.strip_prefix(other)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// A path, perhaps with a query and a fragment, to a page of this program. It cannot lead to another
/// server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnPath(String);

impl ReturnPath {
    /// The path as it stands in a `Location` header.
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
    fn a_path_to_a_page_is_taken() {
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
            let taken = pages().return_path(path);
            assert_eq!(taken.as_ref().map(ReturnPath::as_str), Some(path));
        }
    }

    #[test]
    fn what_only_takes_forms_leads_to_the_page_of_the_form() {
        for path in ["/invoices/delete", "/invoices/delete?id=1#last"] {
            let taken = pages().return_path(path);
            assert_eq!(taken.as_ref().map(ReturnPath::as_str), Some("/invoices"));
        }
    }

    // F5
    #[test]
    fn whatever_leads_elsewhere_is_refused() {
        let names = Names::default();
        let sign_in_again = format!("{}?next=/", names.sign_in);
        let long = format!("/{}", "a".repeat(LONGEST));
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
        fn what_is_taken_is_the_very_page_that_a_browser_asks_for(
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
