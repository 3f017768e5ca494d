//! What the library offers, it offers to everybody: there is no second way in for the application.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};
use toml::Table;

use super::{File, Finding, LIBRARY};

/// Parts of the names of features that open to some what is closed to others.
const HOLES: [&str; 5] = ["hidden", "internal", "private", "test", "testing"];

/// Macros and attributes that take another file in.
const INCLUSIONS: [&str; 6] = [
    "#[path",
    "include!",
    "include_str!",
    "include_bytes!",
    "include_dir!",
    "migrate!",
];

/// Items of the library that are public and yet not shown to those who use it.
pub(super) fn holes(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
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
        .filter(|feature| feature.split(['-', '_']).any(|part| HOLES.contains(&part)))
        .map(|feature| {
            let what = format!(
                "the feature `{feature}` opens what is closed to others: offer it to everybody, \
                 or to nobody"
            );
            manifest.finding(line_of(manifest, feature), what)
        });
    Ok(findings.collect())
}

/// Files of the library that the application compiles as its own. A file of the library's tests may
/// be: it sees no more than the application does.
pub(super) fn inclusions(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    if file.path.extension().is_none_or(|ending| ending != "rs") {
        return findings;
    }
    for inclusion in INCLUSIONS {
        for (at, _) in file.text.match_indices(inclusion) {
            let rest = &file.text[at..];
            let end = rest.find([')', ']']).unwrap_or(rest.len());
            // Of `concat!(env!("CARGO_MANIFEST_DIR"), "/../session/…")` all that counts is after `env!`.
            let argument = match rest[..end].contains("env!(") {
                true => rest.get(end + 1..).unwrap_or_default(),
                false => &rest[..end],
            };
            let Some(path) = argument.split('"').nth(1) else {
                continue;
            };
            if leads_into_the_library(&file.path, path) {
                let line = file.text[..at].lines().count().max(1);
                let line = line + usize::from(file.text[..at].ends_with('\n'));
                findings.push(file.finding(
                    line,
                    format!("{path:?} is a file of the library: use what the library offers"),
                ));
            }
        }
    }
    findings
}

/// Whether `path`, from the directory of the file or from that of its package, leads into the library.
fn leads_into_the_library(file: &Path, path: &str) -> bool {
    let path = path.trim_start_matches('/');
    let package: PathBuf = file.components().take(1).collect();
    let directory = file.parent().unwrap_or(file);
    [directory, &package].into_iter().any(|from| {
        let target = resolved(&from.join(path));
        target.starts_with(LIBRARY) && !target.iter().any(|part| part == "tests")
    })
}

/// A path without `.` and `..`.
fn resolved(path: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::CurDir => {}
            _ => resolved.push(part),
        }
    }
    resolved
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
        let lines: Vec<usize> = holes(&hidden).iter().map(|found| found.line).collect();
        assert_eq!(lines, [2, 3]);
    }

    #[test]
    fn no_feature_is_for_some_alone() {
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
        for (text, line) in [
            ("#[path = \"../../../session/server/src/layer.rs\"]", 1),
            (
                "\n\nconst A: &str = include_str!(\n    \"../../../session/overlay/src/guard.js\"\n);",
                3,
            ),
            ("a\nmigrate!(\"../session/server/migrations/sqlite\")", 2),
            (
                "include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../session/src/lib.rs\"))",
                1,
            ),
        ] {
            let told = included(text);
            assert_eq!(told.len(), 1, "{text}: {told:?}");
            let place = format!("server/src/http/late.rs:{line}: ");
            assert!(told[0].starts_with(&place), "{}", told[0]);
        }
    }

    #[test]
    fn its_own_files_and_the_librarys_tests_may_be_taken_in() {
        for text in [
            "sqlx::migrate!(\"./migrations/sqlite\")",
            "#[path = \"../../../session/server/tests/engines/mod.rs\"]",
            "include_str!(\"session/page.html\")",
            "include_str!(name)",
            "// session/src/lib.rs",
        ] {
            assert_eq!(included(text), [""; 0], "{text}");
        }
    }
}
