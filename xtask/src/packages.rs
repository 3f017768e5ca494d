//! The library's crates, as packages that others can depend on.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::inclusions::inclusions;
use crate::process::{cargo, read};
use crate::step::step;
use crate::workspace;

/// The crates of the library, and where they are. One that others depend on comes before them.
const LIBRARY: [(&str, &str); 5] = [
    ("dwell-session", "session"),
    ("dwell", "session/server"),
    ("dwell-overlay", "session/overlay"),
    ("dwell-browser", "session/browser"),
    ("dwell-conformance", "session/conformance"),
];

/// What belongs into every package.
const ALWAYS: [&str; 2] = ["README.md", "LICENSE"];

/// Makes the packages, without building them: what they need is checked against what is in them.
pub(crate) fn check() -> Result<()> {
    step(
        "Check that the packages of the library are complete",
        || {
            let mut package = cargo(["package", "--no-verify", "--allow-dirty", "--quiet"]);
            for (name, _) in LIBRARY {
                package.args(["--package", name]);
            }
            // Cargo warns that the address of the repository is not known; its output is not shown.
            read(&mut package)?;
            for (name, directory) in LIBRARY {
                let missing = missing(name, &workspace::root().join(directory))?;
                if !missing.is_empty() {
                    bail!(
                        "the package {name} lacks what it needs: add it to `include` in \
                     {directory}/Cargo.toml\n  {}",
                        missing.join("\n  ")
                    );
                }
            }
            Ok(())
        },
    )
}

fn missing(name: &str, directory: &Path) -> Result<Vec<String>> {
    let list = read(&mut cargo([
        "package",
        "--list",
        "--allow-dirty",
        "--quiet",
        "--package",
        name,
    ]))?;
    let packed: BTreeSet<PathBuf> = list.lines().map(PathBuf::from).collect();
    let mut missing: Vec<String> = ALWAYS
        .into_iter()
        .filter(|file| !packed.contains(Path::new(file)))
        .map(ToOwned::to_owned)
        .collect();
    for file in &packed {
        if file.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(directory.join(file))
                .with_context(|| format!("reading {}", file.display()))?;
            missing.extend(lacks(file, &text, &packed));
        }
    }
    Ok(missing)
}

/// What `file` takes in and is not packed. Of a directory, at least one file has to be.
fn lacks(file: &Path, text: &str, packed: &BTreeSet<PathBuf>) -> Vec<String> {
    inclusions(text)
        .into_iter()
        .filter_map(|inclusion| {
            let target = inclusion.target(file, Path::new(""));
            let is_packed = packed.iter().any(|packed| packed.starts_with(&target));
            (!is_packed).then(|| {
                let (file, target) = (file.display(), target.display());
                format!("{target}, for {file}:{}", inclusion.line)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking(text: &str) -> Vec<String> {
        let packed = [
            "src/store.rs",
            "src/lua/end.lua",
            "migrations/sqlite/0001.sql",
        ];
        let packed = packed.into_iter().map(PathBuf::from).collect();
        lacks(Path::new("src/store.rs"), text, &packed)
    }

    #[test]
    fn what_is_packed_is_not_missing() {
        for text in [
            "include_str!(\"lua/end.lua\")",
            "migrate!(\"./migrations/sqlite\")",
            "fn none() {}",
        ] {
            assert_eq!(lacking(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_is_not_packed_is_told_with_who_needs_it() {
        let text = "\ninclude_str!(\"lua/find.lua\")";
        assert_eq!(lacking(text), ["src/lua/find.lua, for src/store.rs:2"]);
        let text = "migrate!(\"migrations/postgres\")";
        assert_eq!(lacking(text), ["migrations/postgres, for src/store.rs:1"]);
    }
}
