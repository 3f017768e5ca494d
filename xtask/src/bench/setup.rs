//! What is measured, and what measures it: built and installed.

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

/// Where everything is that the benchmarks make.
pub(crate) fn place() -> PathBuf {
    workspace::target().join("bench")
}

/// The programs that were to be had.
pub(crate) struct Programs {
    /// Dwell, and the routes without any session.
    pub(crate) subject: PathBuf,
    pub(crate) tower_sessions: Option<PathBuf>,
    pub(crate) gunicorn: Option<PathBuf>,
    /// The script, for node.
    pub(crate) express: Option<PathBuf>,
}

/// What could not be had, and why.
#[derive(Default)]
pub(crate) struct LeftOut(Vec<(String, String)>);

impl LeftOut {
    /// What `attempt` gives. If it fails, `what` is left out.
    pub(crate) fn unless<T>(
        &mut self,
        what: &str,
        attempt: impl FnOnce() -> Result<T>,
    ) -> Option<T> {
        match attempt() {
            Ok(had) => Some(had),
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

/// Dwell alone, or what has been built of it already.
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
    step("Build what draws the figures", || build("bench-plot"))
}

fn wrk() -> Result<()> {
    if find("wrk").is_some() {
        already("wrk");
        return Ok(());
    }
    step("Install wrk", || {
        let Some(apt) = Apt::of_this_machine()? else {
            bail!("there is no apt-get here that may be used without a password; wrk is missing");
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
    executable(&said, "subject").context("cargo names no program")
}

/// Where cargo says that it has put a program.
fn executable(messages: &str, target: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == target)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// Of the workspace that has nothing to do with Dwell's.
fn build(package: &str) -> Result<PathBuf> {
    let target = place().join("build");
    let manifest = workspace::benches().join("Cargo.toml");
    run(command("cargo")
        .args(["build", "--release", "--locked", "--package", package])
        .arg("--manifest-path")
        .arg(manifest)
        .env("CARGO_TARGET_DIR", &target))?;
    Ok(target.join("release").join(package))
}

fn flask() -> Result<PathBuf> {
    let place = place().join("flask");
    let gunicorn = place.join("bin/gunicorn");
    let requirements = workspace::benches().join("peers/flask/requirements.txt");
    install(&place, std::slice::from_ref(&requirements), "Flask", || {
        run(command("python3").args(["-m", "venv"]).arg(&place))?;
        run(command(place.join("bin/pip"))
            .args(["install", "--quiet", "--requirement"])
            .arg(&requirements))
    })?;
    Ok(gunicorn)
}

fn express() -> Result<PathBuf> {
    let place = place().join("express");
    let sources = workspace::benches().join("peers/express");
    let files = ["package.json", "package-lock.json", "server.js"].map(|name| sources.join(name));
    install(&place, &files, "express-session", || {
        npm::require_node()?;
        for file in &files {
            fs::copy(file, place.join(file.file_name().unwrap_or_default()))?;
        }
        run(command("npm").args(["ci", "--silent"]).current_dir(&place))
    })?;
    Ok(place.join("server.js"))
}

/// Installs into `place`, unless that was done with these very files.
fn install(
    place: &Path,
    files: &[PathBuf],
    what: &str,
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let stamp = place.join("dwell.stamp");
    let wanted = fingerprint(files)?.to_string();
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        already(what);
        return Ok(());
    }
    step(&format!("Install {what}"), || {
        fs::create_dir_all(place)?;
        work()?;
        fs::write(&stamp, wanted).context("writing the stamp")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_where_cargo_says() {
        let said = r#"{"reason":"compiler-artifact","target":{"name":"dwell_server"},"executable":null}
            {"reason":"compiler-artifact","target":{"name":"subject"},"executable":"/built/subject-1"}
            {"reason":"build-finished","success":true}"#;

        assert_eq!(executable(said, "subject"), Some("/built/subject-1".into()));
        assert_eq!(executable(said, "other"), None);
    }

    #[test]
    fn what_fails_is_left_out_with_the_reason() {
        let mut left_out = LeftOut::default();

        let had = left_out.unless("one", || Ok(1));
        let missing: Option<u8> = left_out.unless("other", || bail!("there is none"));

        assert_eq!((had, missing), (Some(1), None));
        let all: Vec<_> = left_out.iter().collect();
        assert_eq!(all, [("other", "there is none")]);
    }
}
