//! The servers that the conformance suite starts: PostgreSQL and Redis.
//!
//! It starts them on free ports and in temporary directories, so the services that come with the
//! packages may run or not.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::apt::Apt;
use crate::process::find;
use crate::step::{already, step};

pub(crate) fn set_up() -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        already("PostgreSQL and Redis");
        return Ok(());
    }
    step("Install PostgreSQL and Redis", || {
        install(&missing).with_context(|| {
            let packages = missing.join(" ");
            format!("the tests of the stores need them; `apt-get install {packages}` installs them")
        })
    })
}

fn install(packages: &[&str]) -> Result<()> {
    let Some(apt) = Apt::of_this_machine()? else {
        bail!("there is no apt-get here that may be used without a password");
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
    ]
    .into_iter()
    .filter_map(|(package, is_there)| (!is_there).then_some(package))
    .collect()
}

/// Debian keeps the server's programs away from PATH, by version.
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
