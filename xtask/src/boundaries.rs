//! Checks the boundaries between the library in `session/` and the application, which is its first
//! user.
//!
//! The library must not mention anything of the application, the application must only use the
//! public API of the library, and dependencies must run one way.

mod arrows;
mod surface;
mod words;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::files::entries;
use crate::step::step;
use crate::workspace;

const LIBRARY: &str = "session";
const APPLICATION: [&str; 3] = ["app", "server", "frontend"];

/// The extensions of files that are written by hand.
const TEXTS: [&str; 8] = ["css", "html", "js", "lua", "md", "rs", "sql", "toml"];

/// The names of directories with built or downloaded files.
const BUILT: [&str; 4] = ["target", "node_modules", "corpus", "artifacts"];

pub(crate) fn check() -> Result<()> {
    step(
        "Check the boundaries between library and application",
        || {
            let root = workspace::root();
            let workspace = File::read(root, Path::new("Cargo.toml"))?;
            let mut findings = Vec::new();
            for file in files(root, LIBRARY)? {
                if file.is_manifest() {
                    findings.extend(arrows::findings(&file, &workspace)?);
                    findings.extend(surface::features(&file)?);
                } else if !file.is_test() {
                    findings.extend(words::findings(&file));
                    findings.extend(surface::hidden_items(&file));
                }
            }
            for part in APPLICATION {
                for file in files(root, part)? {
                    findings.extend(surface::inclusions(&file));
                }
            }
            refuse(&findings)
        },
    )
}

fn refuse(findings: &[Finding]) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    bail!("{}", lines.join("\n  "))
}

/// A file of the repository, and its path in it.
struct File {
    path: PathBuf,
    text: String,
}

impl File {
    fn read(root: &Path, path: &Path) -> Result<Self> {
        let text = fs::read_to_string(root.join(path))
            .with_context(|| format!("reading {}", path.display()))?;
        let path = path.to_owned();
        Ok(Self { path, text })
    }

    fn is_manifest(&self) -> bool {
        self.path.ends_with("Cargo.toml")
    }

    /// Whether this is a test. Tests of the library use it as a program does, and may contain words
    /// of an application.
    fn is_test(&self) -> bool {
        self.path.iter().any(|part| part == "tests")
    }

    fn finding(&self, line: usize, what: String) -> Finding {
        let path = self.path.clone();
        Finding { path, line, what }
    }

    /// The lines with their numbers, as editors count them.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

/// A violation of a boundary, with its place and what to do about it.
#[derive(Debug)]
struct Finding {
    path: PathBuf,
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, what } = self;
        write!(f, "{}:{line}: {what}", path.display())
    }
}

fn files(root: &Path, directory: &str) -> Result<Vec<File>> {
    let mut paths = Vec::new();
    gather(&root.join(directory), &mut paths)?;
    paths
        .iter()
        .map(|path| File::read(root, path.strip_prefix(root)?))
        .collect()
}

fn gather(directory: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    let found = entries(directory).with_context(|| format!("reading {}", directory.display()))?;
    for path in found {
        let name = path.file_name().and_then(|name| name.to_str());
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path.is_dir() {
            if !name.is_some_and(|name| BUILT.contains(&name)) {
                gather(&path, paths)?;
            }
        } else if ending.is_some_and(|ending| TEXTS.contains(&ending)) {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn file(path: &str, text: &str) -> File {
        File {
            path: path.into(),
            text: text.into(),
        }
    }

    #[test]
    fn every_finding_is_reported_with_its_file_and_line() {
        let file = file("session/src/lib.rs", "");
        let findings = [file.finding(3, "one".into()), file.finding(9, "two".into())];
        let error = refuse(&findings).unwrap_err().to_string();
        assert_eq!(
            error,
            "session/src/lib.rs:3: one\n  session/src/lib.rs:9: two"
        );
        assert!(refuse(&[]).is_ok());
    }

    #[test]
    fn no_boundary_is_violated() {
        check().unwrap();
    }

    #[test]
    fn the_library_and_the_application_are_found() {
        let root = workspace::root();
        for part in APPLICATION.into_iter().chain([LIBRARY]) {
            let files = files(root, part).unwrap();
            assert!(files.iter().any(File::is_manifest), "{part}");
        }
    }
}
