//! What makes it impossible to build [`Dwell`](crate::Dwell).

use std::collections::HashSet;

use axum::http::HeaderName;
use dwell_session::Names;

/// [`Dwell`](crate::Dwell) cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// No store is set.
    #[error(
        "no session store is set: call `.store(...)` with a SqliteStore, a PostgresStore \
         or a RedisStore"
    )]
    NoStore,
    /// A path does not begin with one slash, or contains what a router would read as a pattern, as a
    /// query or as a fragment.
    #[error(
        "the path {0:?} must begin with one slash, end without one, and contain none of \
         the characters `{{}}?#` and no space"
    )]
    Path(String),
    /// Two routes have the same path.
    #[error("the path {0:?} is used twice: give each route a path of its own in `Names`")]
    SamePath(String),
    /// Two form fields have the same name.
    #[error("the form field {0:?} is used twice: give each field a name of its own in `Names`")]
    SameField(String),
    /// The name of the header for the generation is not a name of a header in lower case.
    #[error("{0:?} cannot be the header for the generation: use a name in lower case")]
    Header(String),
    /// The name by which the tabs of one browser find each other is empty.
    #[error("the name `tabs` in `Names` must not be empty")]
    Tabs,
    /// The selector of what is concealed has a comma.
    #[error("the selector {0:?} of what is concealed must not contain a comma")]
    Concealed(String),
}

/// Checks that the routes, fields and headers of `names` can be told apart.
pub(super) fn check(names: &Names) -> Result<(), BuildError> {
    let mut paths = HashSet::new();
    for path in [
        &names.keep_alive,
        &names.status,
        &names.sign_out,
        &names.sign_in,
        &names.drafts,
        &names.discard_draft,
        &names.take_back_draft,
        &names.module,
    ] {
        if !is_path(path) {
            return Err(BuildError::Path(path.to_string()));
        }
        if !paths.insert(path) {
            return Err(BuildError::SamePath(path.to_string()));
        }
    }
    let mut fields = HashSet::new();
    for field in [
        &names.generation_field,
        &names.draft_field,
        &names.form_field,
    ] {
        if !fields.insert(field) {
            return Err(BuildError::SameField(field.to_string()));
        }
    }
    let header = &names.generation_header;
    let is_lower_case = !header.contains(|character: char| character.is_ascii_uppercase());
    if !is_lower_case || HeaderName::try_from(header.as_bytes()).is_err() {
        return Err(BuildError::Header(header.to_string()));
    }
    if names.tabs.is_empty() {
        return Err(BuildError::Tabs);
    }
    match names.concealed.contains(',') {
        true => Err(BuildError::Concealed(names.concealed.to_string())),
        false => Ok(()),
    }
}

fn is_path(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"{}?#".contains(&byte);
    path.starts_with('/')
        && path.len() > 1
        && !path.ends_with('/')
        && !path.contains("//")
        && path.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(change: impl FnOnce(&mut Names)) -> Result<(), BuildError> {
        let mut names = Names::default();
        change(&mut names);
        check(&names)
    }

    #[test]
    fn names_that_cannot_be_told_apart_are_refused_with_what_is_wrong() {
        use BuildError::{Concealed, Header, Path, SameField, SamePath};

        assert_eq!(check(&Names::default()), Ok(()));
        assert_eq!(check(&Names::under("/.admin")), Ok(()));
        for path in [
            "",
            "/",
            "login",
            "/login/",
            "/{id}",
            "/login?x",
            "/a b",
            "//evil.example",
        ] {
            let error = Err(Path(path.into()));
            assert_eq!(
                changed(|names| names.sign_in = path.to_owned().into()),
                error
            );
        }
        assert_eq!(
            changed(|names| names.sign_in = names.sign_out.clone()),
            Err(SamePath("/.dwell/sign-out".into()))
        );
        assert_eq!(
            changed(|names| names.draft_field = names.form_field.clone()),
            Err(SameField("dwell-form".into()))
        );
        for header in ["", "Dwell", "a b"] {
            let error = Err(Header(header.into()));
            assert_eq!(
                changed(|names| names.generation_header = header.into()),
                error
            );
        }
        assert_eq!(
            changed(|names| names.tabs = "".into()),
            Err(BuildError::Tabs)
        );
        assert_eq!(
            changed(|names| names.concealed = "main, aside".into()),
            Err(Concealed("main, aside".into()))
        );
    }
}
