//! Builds and installs the programs that are measured, and those that measure them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::apt::Apt;
use crate::files::fingerprint;
use crate::process::{command, find, read, run};
use crate::step::{already, step};
use crate::{npm, servers, workspace};

/// The directory for everything that the benchmarks create.
pub(crate) fn directory() -> PathBuf {
    workspace::target().join("bench")
}

/// The programs that could be built or installed.
pub(crate) struct Programs {
    /// Dwell, and bare axum.
    pub(crate) subject: PathBuf,
    pub(crate) tower_sessions: Option<PathBuf>,
    pub(crate) gunicorn: Option<PathBuf>,
    /// The script to run with node.
    pub(crate) express: Option<PathBuf>,
}

/// What is not measured, and why.
#[derive(Default)]
pub(crate) struct LeftOut(Vec<(String, String)>);

impl LeftOut {
    /// The result of `attempt`. If it fails, `what` is left out.
    pub(crate) fn unless<T>(
        &mut self,
        what: &str,
        attempt: impl FnOnce() -> Result<T>,
    ) -> Option<T> {
        match attempt() {
            Ok(result) => Some(result),
            Err(error) => {
                let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
                let why = causes.join(": ").replace('\n', " ");
                println!("    left out: {what}: {why}");
                self.0.push((what.to_owned(), why));
                None
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(what, why)| (what.as_str(), why.as_str()))
    }
}

pub(crate) fn set_up(left_out: &mut LeftOut) -> Result<Programs> {
    wrk()?;
    left_out.unless("PostgreSQL and Redis", servers::set_up);
    Ok(Programs {
        subject: step("Build Dwell for the benchmarks", subject)?,
        tower_sessions: left_out.unless("the stores of tower-sessions", || {
            step("Build the stores of tower-sessions", || {
                build("peer-tower-sessions")
            })
        }),
        gunicorn: left_out.unless("Flask", flask),
        express: left_out.unless("express-session", express),
    })
}

/// Builds Dwell only, unless `built` is given.
pub(crate) fn set_up_subject(built: Option<&Path>) -> Result<Programs> {
    Ok(Programs {
        subject: match built {
            Some(built) => built.to_owned(),
            None => step("Build Dwell for the benchmarks", subject)?,
        },
        tower_sessions: None,
        gunicorn: None,
        express: None,
    })
}

/// The program that draws the figures.
pub(crate) fn plot() -> Result<PathBuf> {
    step("Build the program that draws the figures", || {
        build("bench-plot")
    })
}

fn wrk() -> Result<()> {
    if find("wrk").is_some() {
        already("wrk");
        return Ok(());
    }
    step("Install wrk", || {
        let Some(apt) = Apt::of_this_machine()? else {
            bail!("wrk is not installed, and apt-get cannot be used without a password");
        };
        apt.install(&["wrk"])
    })
}

fn subject() -> Result<PathBuf> {
    let said = read(
        command("cargo")
            .args(["build", "--release", "--package", "dwell-server"])
            .args(["--bench", "subject"])
            .arg("--message-format=json-render-diagnostics")
            .stderr(Stdio::inherit()),
    )?;
    executable(&said, "subject").context("cargo did not report the program")
}

/// The path of a program according to the messages of cargo.
fn executable(messages: &str, target: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == target)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// Builds a package of the separate workspace of the benchmarks.
fn build(package: &str) -> Result<PathBuf> {
    let target = directory().join("build");
    let manifest = workspace::benches().join("Cargo.toml");
    run(command("cargo")
        .args(["build", "--release", "--locked", "--package", package])
        .arg("--manifest-path")
        .arg(manifest)
        .env("CARGO_TARGET_DIR", &target))?;
    Ok(target.join("release").join(package))
}

fn flask() -> Result<PathBuf> {
    let directory = directory().join("flask");
    let gunicorn = directory.join("bin/gunicorn");
    let requirements = workspace::benches().join("peers/flask/requirements.txt");
    install(
        &directory,
        std::slice::from_ref(&requirements),
        "Flask",
        || {
            run(command("python3").args(["-m", "venv"]).arg(&directory))?;
            run(command(directory.join("bin/pip"))
                .args(["install", "--quiet", "--requirement"])
                .arg(&requirements))
        },
    )?;
    Ok(gunicorn)
}

fn express() -> Result<PathBuf> {
    let directory = directory().join("express");
    let sources = workspace::benches().join("peers/express");
    let files = ["package.json", "package-lock.json", "server.js"].map(|name| sources.join(name));
    install(&directory, &files, "express-session", || {
        npm::require_node()?;
        for file in &files {
            fs::copy(file, directory.join(file.file_name().unwrap_or_default()))?;
        }
        run(command("npm")
            .args(["ci", "--silent"])
            .current_dir(&directory))
    })?;
    Ok(directory.join("server.js"))
}

/// Installs into `directory`, unless that was done with the same content of `files`.
fn install(
    directory: &Path,
    files: &[PathBuf],
    what: &str,
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let stamp = directory.join("dwell.stamp");
    let wanted = fingerprint(files)?.to_string();
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        already(what);
        return Ok(());
    }
    step(&format!("Install {what}"), || {
        fs::create_dir_all(directory)?;
        work()?;
        fs::write(&stamp, wanted).context("cannot write the stamp")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_program_is_read_from_the_messages_of_cargo() {
        let said = r#"{"reason":"compiler-artifact","target":{"name":"dwell_server"},"executable":null}
            {"reason":"compiler-artifact","target":{"name":"subject"},"executable":"/built/subject-1"}
            {"reason":"build-finished","success":true}"#;

        assert_eq!(executable(said, "subject"), Some("/built/subject-1".into()));
        assert_eq!(executable(said, "other"), None);
    }

    #[test]
    fn a_failed_attempt_is_left_out_with_the_reason() {
        let mut left_out = LeftOut::default();

        let result = left_out.unless("one", || Ok(1));
        let missing: Option<u8> = left_out.unless("other", || bail!("there is none"));

        assert_eq!((result, missing), (Some(1), None));
        let all: Vec<_> = left_out.iter().collect();
        assert_eq!(all, [("other", "there is none")]);
    }
}
