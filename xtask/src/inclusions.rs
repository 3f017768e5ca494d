//! Files that source code takes in.

use std::path::{Component, Path, PathBuf};

/// A file or a directory that source code names, to be compiled into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inclusion<'text> {
    /// As it is written.
    pub path: &'text str,
    pub line: usize,
    from: From,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    File,
    Package,
}

const INCLUSIONS: [(&str, From); 5] = [
    ("#[path", From::File),
    ("include!", From::File),
    ("include_str!", From::File),
    ("include_bytes!", From::File),
    ("migrate!", From::Package),
];

/// What is taken in by `text`, kind by kind.
pub(crate) fn inclusions(text: &str) -> Vec<Inclusion<'_>> {
    let mut found = Vec::new();
    for (name, from) in INCLUSIONS {
        for (at, _) in text.match_indices(name) {
            let line_begins = text[..at].rfind('\n').map_or(0, |end| end + 1);
            if text[line_begins..at].trim_start().starts_with("//") {
                continue;
            }
            let rest = &text[at..];
            let end = rest.find([')', ']']).unwrap_or(rest.len());
            // In `concat!(env!("CARGO_MANIFEST_DIR"), "/page.html")` the path comes after `env!`.
            let (argument, from) = match rest[..end].contains("env!(") {
                true => (rest.get(end + 1..).unwrap_or_default(), From::Package),
                false => (&rest[..end], from),
            };
            if let Some(path) = argument.split('"').nth(1) {
                let line = text[..at].matches('\n').count() + 1;
                found.push(Inclusion { path, line, from });
            }
        }
    }
    found
}

impl Inclusion<'_> {
    /// What is meant, if it is written in `file`, which belongs to the package in `package`.
    pub(crate) fn target(&self, file: &Path, package: &Path) -> PathBuf {
        let directory = match self.from {
            From::File => file.parent().unwrap_or(file),
            From::Package => package,
        };
        resolved(&directory.join(self.path.trim_start_matches('/')))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, String)> {
        let found = inclusions(text).into_iter().map(|inclusion| {
            let target = inclusion.target(Path::new("lib/src/store/sql.rs"), Path::new("lib"));
            (inclusion.line, target.display().to_string())
        });
        found.collect()
    }

    #[test]
    fn each_kind_is_found_with_its_line_and_where_it_leads() {
        for (text, line, target) in [
            ("#[path = \"../other.rs\"]", 1, "lib/src/other.rs"),
            (
                "\n\ninclude_str!(\n    \"a/b.lua\"\n)",
                3,
                "lib/src/store/a/b.lua",
            ),
            ("a\ninclude_bytes!(\"./c\")", 2, "lib/src/store/c"),
            (
                "sqlx::migrate!(\"./migrations/sqlite\")",
                1,
                "lib/migrations/sqlite",
            ),
            (
                "include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../d.rs\"))",
                1,
                "d.rs",
            ),
        ] {
            assert_eq!(found(text), [(line, target.to_owned())], "{text}");
        }
    }

    #[test]
    fn what_names_no_file_is_passed_over() {
        for text in [
            "include_str!(name)",
            "  // include_str!(\"a\")",
            "/// include!(\"a\")",
            "\"session/src/lib.rs\"",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
