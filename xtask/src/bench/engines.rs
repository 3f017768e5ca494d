//! PostgreSQL and Redis servers that are started for the measurement.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use anyhow::{Context as _, Result};

use super::program::{Directory, Program, Service, free_address};
use crate::process::{command, find, read};

const POSTGRES_USER: &str = "postgres";

/// A server that keeps sessions.
pub(crate) struct Engine {
    _program: Program,
    _directory: Directory,
    pub(crate) url: String,
}

/// PostgreSQL with its default settings, with which committed data survives a power failure.
pub(crate) fn postgres(logs: &Path) -> Result<Engine> {
    let programs = postgres_programs()?;
    // The user that PostgreSQL runs as may not have access to the workspace.
    let directory =
        Directory::create(env::temp_dir().join(format!("dwell-bench-postgres-{}", process::id())))?;
    let data = directory.path().join("data");
    let is_root = read(command("id").arg("-u"))?.trim() == "0";
    let identity: &[&str] = match is_root {
        true => &["--reuid=postgres", "--regid=postgres", "--init-groups"],
        false => &[],
    };
    if is_root {
        directory.give_to(POSTGRES_USER)?;
    }
    let mut initdb = Service::wrapped(identity, &programs.join("initdb"), "INT");
    initdb
        .command
        .args(["--username=dwell", "--auth=trust", "--encoding=UTF8"])
        .arg(format!("--pgdata={}", data.display()))
        .current_dir(directory.path());
    read(&mut initdb.command)?;

    let address = free_address()?;
    let mut postgres = Service::wrapped(identity, &programs.join("postgres"), "INT");
    postgres.command.current_dir(directory.path());
    postgres.command.arg("-D").arg(&data);
    for setting in [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={}", address.port()),
        format!("unix_socket_directories={}", directory.path().display()),
    ] {
        postgres.command.args(["-c", &setting]);
    }
    let mut program = Program::start("postgres", postgres, logs)?;
    // PostgreSQL listens before it accepts sessions.
    program.wait_until(|| {
        let mut is_ready = command(programs.join("pg_isready"));
        is_ready.args(["--quiet", "--host=127.0.0.1"]);
        read(is_ready.arg(format!("--port={}", address.port()))).is_ok()
    })?;
    Ok(Engine {
        _program: program,
        _directory: directory,
        url: format!("postgres://dwell@{address}/postgres"),
    })
}

/// Redis with the settings that Dwell recommends, with which written data survives a power failure.
pub(crate) fn durable_redis(place: &Path, logs: &Path) -> Result<Engine> {
    let durable = ["--appendonly", "yes", "--appendfsync", "always"];
    redis("redis-durable", &durable, place, logs)
}

/// Redis without persistence, which is fastest.
pub(crate) fn volatile_redis(place: &Path, logs: &Path) -> Result<Engine> {
    redis("redis-volatile", &["--save", ""], place, logs)
}

fn redis(name: &str, settings: &[&str], place: &Path, logs: &Path) -> Result<Engine> {
    let program = find("redis-server")
        .or_else(|| find("valkey-server"))
        .context("redis-server is not installed")?;
    let directory = Directory::create(place.join(name))?;
    let address = free_address()?;
    let mut service = Service::new(&program);
    let arguments = ["--bind", "127.0.0.1", "--maxmemory-policy", "noeviction"];
    let redis: &mut Command = &mut service.command;
    redis
        .args(["--port", &address.port().to_string()])
        .args(arguments)
        .arg("--dir")
        .arg(directory.path())
        .args(settings);
    let mut program = Program::start(name, service, logs)?;
    program.wait_for(address)?;
    Ok(Engine {
        _program: program,
        _directory: directory,
        url: url("redis", address),
    })
}

fn url(scheme: &str, address: SocketAddr) -> String {
    format!("{scheme}://{address}/0")
}

/// The directory of PostgreSQL's programs. Debian has one for each version, which is not on PATH.
fn postgres_programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql");
    let newest = versions
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|programs| programs.join("postgres").is_file())
        .max();
    newest
        .or_else(|| Some(find("postgres")?.parent()?.to_path_buf()))
        .context("PostgreSQL is not installed")
}
