//! Runs other programs in the workspace, with the project's tools on PATH.

use std::convert::Infallible;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Error, Result, anyhow, bail};

use crate::workspace;

pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(workspace::root())
        .env("PATH", search_path())
        .env("CARGO_TARGET_DIR", workspace::target());
    command
}

pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = command("cargo");
    command.args(arguments);
    command
}

/// Runs a program whose output is shown.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .map_err(|error| not_started(command, error))?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs a program and captures its output.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| not_started(command, error))
}

/// Runs a program that has to succeed, and returns its standard output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = output(command)?;
    if !output.status.success() {
        bail!(
            "`{}` ended with {}\n{}",
            shown(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}`", shown(command)))
}

/// Replaces this process by the program, so that it receives the signals of the terminal and its
/// exit code is returned.
pub(crate) fn become_program(command: &mut Command) -> Result<Infallible> {
    let error = command.exec();
    Err(not_started(command, error))
}

pub(crate) fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(&search_path())
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

/// A command as it would be typed.
pub(crate) fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

fn search_path() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let directories = [workspace::end2end().join("node_modules/.bin")]
        .into_iter()
        .chain(env::split_paths(&path))
        .chain(installed_by_cargo());
    env::join_paths(directories).unwrap_or(path)
}

/// The directory into which `cargo install` installs programs.
fn installed_by_cargo() -> Option<PathBuf> {
    let home = env::var_os("CARGO_INSTALL_ROOT")
        .or_else(|| env::var_os("CARGO_HOME"))
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")))?;
    Some(home.join("bin"))
}

fn not_started(command: &Command, error: std::io::Error) -> Error {
    let program = command.get_program().to_string_lossy();
    match error.kind() {
        ErrorKind::NotFound => anyhow!("`{program}` is not on PATH"),
        _ => Error::new(error).context(format!("`{program}` could not be started")),
    }
}
