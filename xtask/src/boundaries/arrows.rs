//! Checks the direction of dependencies: from the application to the library, and from there to the
//! rules.

use anyhow::{Context as _, Result};
use toml::{Table, Value};

use super::surface::line_of;
use super::{File, Finding};

const APPLICATION: [&str; 4] = ["dwell-app", "dwell-server", "dwell-frontend", "xtask"];
const LEPTOS: [&str; 4] = ["leptos", "leptos_axum", "leptos_meta", "leptos_router"];
const SERVER: [&str; 4] = ["dwell", "axum", "sqlx", "tower-sessions"];

/// What each package of the library must not depend on, in addition to the application.
const RULES: [(&str, &[&[&str]]); 6] = [
    (
        "session",
        &[
            &["dwell-overlay", "dwell-browser", "web-sys"],
            &LEPTOS,
            &SERVER,
        ],
    ),
    (
        "session/server",
        &[&["dwell-overlay", "dwell-browser"], &LEPTOS],
    ),
    ("session/overlay", &[&["dwell-browser"], &SERVER]),
    ("session/browser", &[&SERVER]),
    ("session/module", &[&SERVER]),
    (
        "session/conformance",
        &[&["dwell-overlay", "dwell-browser"], &LEPTOS],
    ),
];

/// The dependencies of the manifest that are not allowed. Those with `workspace = true` are looked
/// up in the manifest of the workspace.
pub(super) fn findings(manifest: &File, workspace: &File) -> Result<Vec<Finding>> {
    let workspace = table(workspace)?;
    let inherited = workspace
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"));
    let directory = manifest.path.parent();
    let forbidden: Vec<&str> = RULES
        .iter()
        .filter(|(package, _)| directory.is_some_and(|directory| directory.ends_with(package)))
        .flat_map(|(_, forbidden)| forbidden.iter().copied().flatten().copied())
        .chain(APPLICATION)
        .collect();
    let mut findings = Vec::new();
    for (key, dependency) in dependencies(&table(manifest)?) {
        let package = package(dependency)
            .or_else(|| package(inherited?.get(key)?))
            .unwrap_or(key);
        if forbidden.contains(&package) {
            findings.push(manifest.finding(
                line_of(manifest, key),
                format!(
                    "this package must not depend on `{package}`: dependencies run from the \
                     application to the library and from there to the rules, and the sides of \
                     server and browser do not know each other"
                ),
            ));
        }
    }
    Ok(findings)
}

fn table(manifest: &File) -> Result<Table> {
    let table = manifest.text.parse();
    table.with_context(|| format!("reading {}", manifest.path.display()))
}

/// All dependencies, including those of tests and those for one target only.
fn dependencies(manifest: &Table) -> Vec<(&str, &Value)> {
    let mut found = Vec::new();
    for (name, section) in manifest {
        let Some(section) = section.as_table() else {
            continue;
        };
        match name.as_str() {
            "dependencies" | "dev-dependencies" | "build-dependencies" => {
                found.extend(section.iter().map(|(key, value)| (key.as_str(), value)));
            }
            "target" => {
                let targets = section.values().filter_map(Value::as_table);
                found.extend(targets.flat_map(dependencies));
            }
            _ => {}
        }
    }
    found
}

/// The name of the package, if it differs from the key of the dependency.
fn package(dependency: &Value) -> Option<&str> {
    dependency.get("package")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::super::tests::file;
    use super::*;

    fn found(path: &str, text: &str) -> Vec<usize> {
        let workspace = file(
            "Cargo.toml",
            "[workspace.dependencies]\npages = { path = \"app\", package = \"dwell-app\" }\n",
        );
        let findings = findings(&file(path, text), &workspace).unwrap();
        findings.iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn the_library_does_not_depend_on_the_application() {
        let manifest = "[dependencies]\nserde = \"1\"\ndwell-app.workspace = true\n";
        assert_eq!(found("session/server/Cargo.toml", manifest), [3]);
        assert_eq!(found("session/fuzz/Cargo.toml", manifest), [3]);
    }

    #[test]
    fn a_dependency_by_another_name_is_found() {
        let renamed = "[dependencies]\nother = { package = \"dwell-server\", path = \"../..\" }\n";
        assert_eq!(found("session/browser/Cargo.toml", renamed), [2]);
        let inherited = "[dev-dependencies]\npages = { workspace = true }\n";
        assert_eq!(found("session/browser/Cargo.toml", inherited), [2]);
    }

    #[test]
    fn a_dependency_of_tests_or_of_one_target_counts() {
        let manifest = "[target.'cfg(unix)'.dev-dependencies]\nleptos = \"0.8\"\n";
        assert_eq!(found("session/server/Cargo.toml", manifest), [2]);
        let section = "[package]\nname = \"x\"\n[dependencies.leptos]\nworkspace = true\n";
        assert_eq!(found("session/server/Cargo.toml", section), [3]);
    }

    #[test]
    fn the_two_sides_do_not_know_each_other() {
        let manifest = "[dependencies]\ndwell-overlay.workspace = true\n";
        assert_eq!(found("session/server/Cargo.toml", manifest), [2]);
        assert_eq!(found("session/Cargo.toml", manifest), [2]);
        assert_eq!(found("session/browser/Cargo.toml", manifest), [0; 0]);
        let manifest = "[dependencies]\ndwell.workspace = true\n";
        assert_eq!(found("session/overlay/Cargo.toml", manifest), [2]);
        assert_eq!(found("session/conformance/Cargo.toml", manifest), [0; 0]);
    }
}
