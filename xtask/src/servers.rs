//! Installs what the tests of stores and nodes need: PostgreSQL, Redis, and libfaketime for
//! processes with a wrong clock.
//!
//! The tests start the servers on free ports and in temporary directories, so it does not matter
//! whether the services of the packages run.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::apt::Apt;
use crate::process::find;
use crate::step::{already, step};

pub(crate) fn set_up() -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        already("PostgreSQL, Redis and libfaketime");
        return Ok(());
    }
    step("Install PostgreSQL, Redis and libfaketime", || {
        install(&missing).with_context(|| {
            let packages = missing.join(" ");
            format!("the server's tests need them; `apt-get install {packages}` installs them")
        })
    })
}

fn install(packages: &[&str]) -> Result<()> {
    let Some(apt) = Apt::of_this_machine()? else {
        bail!("apt-get cannot be used without a password");
    };
    apt.install(packages)?;
    let missing = missing();
    if !missing.is_empty() {
        bail!("still missing: {}", missing.join(", "));
    }
    Ok(())
}

fn missing() -> Vec<&'static str> {
    [
        ("postgresql", has_postgres()),
        ("redis-server", has_redis()),
        ("faketime", has_faketime()),
    ]
    .into_iter()
    .filter_map(|(package, is_there)| (!is_there).then_some(package))
    .collect()
}

/// Debian has a directory for each version of PostgreSQL, which is not on PATH.
fn has_postgres() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql");
    let has_server = versions
        .into_iter()
        .flatten()
        .flatten()
        .any(|version| version.path().join("bin/postgres").is_file());
    has_server || find("postgres").is_some()
}

fn has_redis() -> bool {
    find("redis-server")
        .or_else(|| find("valkey-server"))
        .is_some()
}

/// Debian has a directory for each architecture.
fn has_faketime() -> bool {
    let architectures = fs::read_dir("/usr/lib");
    architectures
        .into_iter()
        .flatten()
        .flatten()
        .any(|place| place.path().join("faketime/libfaketimeMT.so.1").is_file())
}
