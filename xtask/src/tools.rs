//! Installs the tools of the build with `cargo install`.

use std::fs;

use anyhow::{Context as _, Result, bail};
use toml::Table;

use crate::process::{cargo, command, find, read, run, shown};
use crate::step::{already, step};
use crate::workspace;

pub(crate) fn set_up() -> Result<()> {
    for tool in [cargo_leptos(), wasm_bindgen()?] {
        tool.set_up()?;
    }
    Ok(())
}

/// Installs the tools that only the checks need.
pub(crate) fn set_up_checking() -> Result<()> {
    cargo_deny().set_up()
}

/// Installing it takes two minutes on two cores.
fn cargo_deny() -> Tool {
    Tool {
        package: "cargo-deny",
        program: "cargo-deny",
        version: "0.20.2".into(),
        accepts: is_same_or_later_patch,
        locked: true,
    }
}

/// This is the newest version whose dependencies rustc 1.95 compiles.
fn cargo_leptos() -> Tool {
    Tool {
        package: "cargo-leptos",
        program: "cargo-leptos",
        version: "0.3.10".into(),
        accepts: is_same_or_later_patch,
        locked: true,
    }
}

/// The version must be that of the library of the same name, because the format that both use
/// changes with every release.
fn wasm_bindgen() -> Result<Tool> {
    let lock = fs::read_to_string(workspace::root().join("Cargo.lock"))
        .context("Cargo.lock is missing; `cargo generate-lockfile` creates it")?;
    Ok(Tool {
        package: "wasm-bindgen-cli",
        program: "wasm-bindgen",
        version: locked_version(&lock, "wasm-bindgen")?,
        accepts: |found, wanted| found == wanted,
        locked: false,
    })
}

struct Tool {
    package: &'static str,
    program: &'static str,
    version: String,
    accepts: fn(found: &str, wanted: &str) -> bool,
    locked: bool,
}

impl Tool {
    fn set_up(&self) -> Result<()> {
        let Self {
            package,
            program,
            version,
            ..
        } = self;
        if let Some(found) = self.found() {
            already(&format!("{program} {found}"));
            return Ok(());
        }
        step(&format!("Install {package} {version}"), || {
            self.install()?;
            if self.found().is_none() {
                let first = find(program).unwrap_or_default();
                bail!("another {program} comes first on PATH: {}", first.display());
            }
            Ok(())
        })
    }

    /// The version that is installed, if it is suitable.
    fn found(&self) -> Option<String> {
        let answer = read(command(self.program).arg("--version")).ok()?;
        let found = answer.split_whitespace().nth(1)?;
        (self.accepts)(found, &self.version).then(|| found.to_owned())
    }

    fn install(&self) -> Result<()> {
        let mut install = cargo(["install", self.package, "--version", &self.version]);
        if self.locked {
            install.arg("--locked");
        }
        let remedy = format!(
            "{} {} is missing; `{}` installs it",
            self.program,
            self.version,
            shown(&install)
        );
        run(install
            .env_remove("CARGO_TARGET_DIR")
            // Optimising the tools would take minutes and save seconds.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"))
        .context(remedy)
    }
}

fn locked_version(lock: &str, package: &str) -> Result<String> {
    let lock: Table = lock.parse().context("Cargo.lock")?;
    lock.get("package")
        .and_then(|packages| packages.as_array())
        .into_iter()
        .flatten()
        .filter(|entry| entry.get("name").and_then(|name| name.as_str()) == Some(package))
        .find_map(|entry| Some(entry.get("version")?.as_str()?.to_owned()))
        .with_context(|| format!("Cargo.lock does not contain {package}"))
}

fn is_same_or_later_patch(found: &str, wanted: &str) -> bool {
    match (found.rsplit_once('.'), wanted.rsplit_once('.')) {
        (Some((found_minor, found)), Some((wanted_minor, wanted))) => {
            found_minor == wanted_minor
                && found
                    .parse::<u32>()
                    .ok()
                    .zip(wanted.parse().ok())
                    .is_some_and(|(f, w)| f >= w)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_wasm_bindgen_is_read_from_the_lock_file() {
        let lock = "\
            [[package]]\nname = \"wasm-bindgen-shared\"\nversion = \"0.2.1\"\n\
            [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";

        assert_eq!(locked_version(lock, "wasm-bindgen").unwrap(), "0.2.130");
        assert!(locked_version(lock, "absent").is_err());
    }

    #[test]
    fn a_later_patch_version_of_cargo_leptos_is_accepted() {
        assert!(is_same_or_later_patch("0.3.10", "0.3.10"));
        assert!(is_same_or_later_patch("0.3.11", "0.3.10"));
        assert!(!is_same_or_later_patch("0.3.9", "0.3.10"));
        assert!(!is_same_or_later_patch("0.4.10", "0.3.10"));
    }
}
