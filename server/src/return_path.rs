//! Where signing in leads (`F5`).

use std::{fmt, str::FromStr};

use axum::http::uri::PathAndQuery;
use dwell_app::names::{DRAFTS_PATH, SIGN_IN_PATH, SIGN_OUT_PATH};

const LONGEST: usize = 2_048;

/// What stands below one of these takes the forms of that page, and is none itself.
const PAGES: [&str; 2] = ["/workspace", "/account"];

/// These are no pages, and neither is what stands below them.
const NO_PAGES: [&str; 7] = [
    SIGN_IN_PATH,
    SIGN_OUT_PATH,
    DRAFTS_PATH,
    "/api",
    "/pkg",
    "/healthz",
    "/readyz",
];

/// A path, perhaps with a query and a fragment, to a page of this server. It cannot lead anywhere
/// else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnPath(String);

impl ReturnPath {
    /// The path as it stands in a `Location` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ReturnPath {
    fn default() -> Self {
        Self("/workspace".into())
    }
}

impl FromStr for ReturnPath {
    type Err = InvalidReturnPath;

    /// Browsers take a backslash for a slash, drop tabs and line ends, and read `//host` as
    /// another server; none of these is let in.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_local = text.starts_with('/')
            && !text.starts_with("//")
            && !text.contains('\\')
            && text.bytes().all(|byte| byte.is_ascii_graphic())
            && text.len() <= LONGEST;
        if !is_local {
            return Err(InvalidReturnPath);
        }
        let parsed: PathAndQuery = text.parse().map_err(|_| InvalidReturnPath)?;
        let path = parsed.path();
        if NO_PAGES
            .iter()
            .any(|other| path == *other || is_below(path, other))
        {
            return Err(InvalidReturnPath);
        }
        let page = PAGES.into_iter().find(|page| is_below(path, page));
        Ok(Self(page.unwrap_or(text).to_owned()))
    }
}

fn is_below(path: &str, other: &str) -> bool {
    path.strip_prefix(other)
        .is_some_and(|rest| rest.starts_with('/'))
}

impl fmt::Display for ReturnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no [`ReturnPath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no path on this server to return to")]
pub struct InvalidReturnPath;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // F5
    #[test]
    fn a_path_on_this_server_is_taken() {
        for path in [
            "/",
            "/workspace",
            "/workspace?a=b&c=%2F",
            "/%2Fevil.example",
            "/a//b",
            "/workspace?a=b#notes",
            "/drafts-of-yesterday",
        ] {
            assert_eq!(path.parse::<ReturnPath>().unwrap().as_str(), path);
        }
    }

    #[test]
    fn what_only_takes_forms_leads_to_the_page_of_the_form() {
        for (path, page) in [
            ("/workspace/delete", "/workspace"),
            ("/workspace/delete?id=1#notes", "/workspace"),
            ("/account/sign-out-others", "/account"),
        ] {
            assert_eq!(path.parse::<ReturnPath>().unwrap().as_str(), page);
        }
    }

    // F5
    #[test]
    fn whatever_leads_elsewhere_is_refused() {
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
            " /workspace",
            "%2F%2Fevil.example",
            "workspace",
            "/sign-in",
            "/sign-in?next=/sign-in",
            "/sign-out",
            "/drafts",
            "/drafts/discard",
            "/api/session/keep-alive",
            "/pkg/dwell.js",
            "/healthz",
            &long,
        ] {
            assert_eq!(
                path.parse::<ReturnPath>(),
                Err(InvalidReturnPath),
                "{path:?}"
            );
        }
    }

    proptest! {
        // F5
        #[test]
        fn what_is_taken_stays_on_this_server(text in "[/\\\\a-z.:@%\t\n ?#-]{0,20}") {
            if let Ok(path) = text.parse::<ReturnPath>() {
                let text = path.as_str();
                prop_assert!(text.starts_with('/'));
                prop_assert!(!matches!(text.as_bytes().get(1), Some(b'/' | b'\\')));
            }
        }
    }
}
