//! The release build: the server, and the site it serves.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::files::{entries, fingerprint};
use crate::process::{cargo, command, read, run};
use crate::step::{already, step};
use crate::workspace;

/// What in the workspace the build does not read. Everything else counts as its source.
const NOT_SOURCES: [&str; 8] = [
    ".ci",
    ".git",
    "data",
    "docs",
    "dwell.toml",
    "end2end",
    "examples",
    "target",
];

/// Builds unless what is there was built from these very sources. cargo-leptos would begin by
/// emptying the site, whatever has changed.
pub(crate) fn build() -> Result<()> {
    let sources = sources()?;
    if is_built_from(sources)? {
        already("Release build");
        return Ok(());
    }
    step("Build for release", || {
        run(cargo(["leptos", "build", "--release", "--precompress"])
            // Not when watching: cargo-leptos hashes the first build's names and no later one's.
            .env("LEPTOS_HASH_FILES", "true"))?;
        fs::write(stamp(), format!("{sources} {}", built()?)).context("writing the stamp")
    })
}

pub(crate) fn server() -> PathBuf {
    workspace::target().join("release/dwell")
}

pub(crate) fn site() -> PathBuf {
    workspace::target().join("site")
}

fn is_built_from(sources: u64) -> Result<bool> {
    let Ok(stamp) = fs::read_to_string(stamp()) else {
        return Ok(false);
    };
    Ok(stamp == format!("{sources} {}", built()?))
}

/// Says of which sources, by fingerprint, the build is, and that nobody has touched it since:
/// `cargo leptos watch` writes into the same site.
fn stamp() -> PathBuf {
    workspace::target().join("release/dwell.stamp")
}

fn sources() -> Result<u64> {
    let files: Vec<PathBuf> = entries(workspace::root())?
        .into_iter()
        .filter(|path| !NOT_SOURCES.iter().any(|name| path.ends_with(name)))
        .collect();
    let mut hasher = DefaultHasher::new();
    fingerprint(&files)?.hash(&mut hasher);
    read(command("rustc").arg("-vV"))?.hash(&mut hasher);
    Ok(hasher.finish())
}

fn built() -> Result<u64> {
    fingerprint(&[
        server(),
        workspace::target().join("release/hash.txt"),
        site(),
    ])
}
