//! Checks that the application uses the same public API of the library as everybody else.

use std::path::Path;

use anyhow::{Context as _, Result};
use toml::Table;

use super::{File, Finding, LIBRARY};
use crate::inclusions;

/// Parts of the names of features that are meant for some users only.
const RESTRICTED: [&str; 5] = ["hidden", "internal", "private", "test", "testing"];

/// What the macros of this crate expand to has to be public, and only they use it.
const MACROS: &str = "session/conformance";

/// Public items of the library that its documentation does not show.
pub(super) fn hidden_items(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    if file.path.starts_with(MACROS) {
        return findings;
    }
    for (number, line) in file.lines() {
        let code = line.trim_start();
        if code.starts_with("//") {
            continue;
        }
        if code.contains("doc(hidden)") {
            findings.push(file.finding(
                number,
                "`doc(hidden)` hides what is public: document it, or make it private".into(),
            ));
        }
        if code.contains("mod __") {
            findings.push(file.finding(
                number,
                "a public module must have a name and documentation, or be private".into(),
            ));
        }
    }
    findings
}

/// Features of the library that exist for its own tests or for the application.
pub(super) fn features(manifest: &File) -> Result<Vec<Finding>> {
    let table: Table = manifest
        .text
        .parse()
        .with_context(|| format!("reading {}", manifest.path.display()))?;
    let Some(features) = table.get("features").and_then(|value| value.as_table()) else {
        return Ok(Vec::new());
    };
    let findings = features
        .keys()
        .filter(|feature| {
            feature
                .split(['-', '_'])
                .any(|part| RESTRICTED.contains(&part))
        })
        .map(|feature| {
            let what = format!(
                "the feature `{feature}` is meant for some users only: offer it to everybody, or \
                 remove it"
            );
            manifest.finding(line_of(manifest, feature), what)
        });
    Ok(findings.collect())
}

/// Files of the library that the application compiles as its own. Files of the library's tests are
/// allowed, because they only use the public API.
pub(super) fn inclusions(file: &File) -> Vec<Finding> {
    if file.path.extension().is_none_or(|ending| ending != "rs") {
        return Vec::new();
    }
    let package: &Path = file.path.iter().next().unwrap_or_default().as_ref();
    let mut findings = Vec::new();
    for inclusion in inclusions::inclusions(&file.text) {
        let target = inclusion.target(&file.path, package);
        if target.starts_with(LIBRARY) && !target.iter().any(|part| part == "tests") {
            let what = format!(
                "{:?} is a file of the library: use its public API instead",
                inclusion.path
            );
            findings.push(file.finding(inclusion.line, what));
        }
    }
    findings
}

/// The line of a manifest that begins with `key`.
pub(super) fn line_of(manifest: &File, key: &str) -> usize {
    let is_key = |line: &str| {
        let line = line.trim_start().trim_start_matches('"');
        line.strip_prefix(key)
            .is_some_and(|rest| rest.starts_with([' ', '=', '.', '"']))
            || (line.starts_with('[') && line.trim_end().ends_with(&format!(".{key}]")))
    };
    let found = manifest.lines().find(|(_, line)| is_key(line));
    found.map_or(1, |(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::super::tests::file;
    use super::*;

    fn included(text: &str) -> Vec<String> {
        let findings = inclusions(&file("server/src/http/late.rs", text));
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_public_is_hidden() {
        let hidden = file(
            "session/src/lib.rs",
            "mod policy;\n#[doc(hidden)]\npub mod __private;\n// doc(hidden) in a comment\n",
        );
        let lines: Vec<usize> = hidden_items(&hidden)
            .iter()
            .map(|found| found.line)
            .collect();
        assert_eq!(lines, [2, 3]);
    }

    #[test]
    fn no_feature_is_for_some_users_only() {
        let manifest = file(
            "session/Cargo.toml",
            "[features]\nsimulation = []\ntest-only = []\nlatest = []\n",
        );
        let findings = features(&manifest).unwrap();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 3);
        assert!(
            features(&file("session/Cargo.toml", "[package]\n"))
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn the_application_compiles_no_file_of_the_library() {
        for text in [
            "\n#[path = \"../../../session/server/src/layer.rs\"]",
            "a\nmigrate!(\"../session/server/migrations/sqlite\")",
        ] {
            let told = included(text);
            assert_eq!(told.len(), 1, "{text}: {told:?}");
            assert!(
                told[0].starts_with("server/src/http/late.rs:2: "),
                "{}",
                told[0]
            );
        }
    }

    #[test]
    fn own_files_and_tests_of_the_library_may_be_included() {
        for text in [
            "sqlx::migrate!(\"./migrations/sqlite\")",
            "#[path = \"../../../session/server/tests/engines/mod.rs\"]",
            "include_str!(\"session/page.html\")",
        ] {
            assert_eq!(included(text), [""; 0], "{text}");
        }
    }
}
