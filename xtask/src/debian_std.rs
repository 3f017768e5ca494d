//! Builds the standard library for WebAssembly from Debian's `rust-src`.
//!
//! This is for machines whose rustup cannot reach a server for toolchains. The machine's own
//! configuration of apt is read and never changed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::files::entries;
use crate::process::{cargo, command, find, read, run};
use crate::wasm_target::WASM;
use crate::workspace;

/// Suites that may have a newer `rust-src` than the release of the machine.
const SUITES: [&str; 3] = ["stable-backports", "testing", "unstable"];

pub(crate) fn is_possible() -> bool {
    find("apt-get").is_some() && find("dpkg").is_some()
}

pub(crate) fn build(sysroot: &Path) -> Result<()> {
    let directory = BuildDirectory::open()?;
    let library = sysroot.join("lib/rustlib/src/rust/library");
    if library.exists() {
        directory.build(sysroot)?;
    } else {
        let sources = directory.unpack_sources(&rustc_version()?)?;
        let link = Link::make(&sources, &library)?;
        let built = directory.build(sysroot);
        link.remove()?;
        built?;
    }
    directory.close()
}

/// A temporary directory in which apt, dpkg and cargo work without affecting the machine.
struct BuildDirectory(PathBuf);

impl BuildDirectory {
    fn open() -> Result<Self> {
        let place = workspace::target().join("wasm-std");
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        fs::create_dir_all(place.join("lists/partial"))?;
        fs::create_dir_all(place.join("cache/archives/partial"))?;
        Ok(Self(place))
    }

    fn close(self) -> Result<()> {
        fs::remove_dir_all(self.0)?;
        Ok(())
    }

    fn unpack_sources(&self, version: &str) -> Result<PathBuf> {
        let package = self.find_package(version)?;
        run(self.apt("apt-get").args(["download", "--quiet", &package]))?;
        let unpacked = self.0.join("unpacked");
        let archive = entries(&self.0)?
            .into_iter()
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .context("apt did not download a package")?;
        run(command("dpkg").arg("-x").args([&archive, &unpacked]))?;
        Ok(unpacked.join(format!("usr/src/rustc-{version}/library")))
    }

    /// The package of exactly this rustc, as `rust-src=1.95.0+dfsg1-2`.
    fn find_package(&self, rustc: &str) -> Result<String> {
        let mirror = mirror()?;
        for suite in SUITES {
            let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
            let source = format!("deb [signed-by={keys}] {mirror} {suite} main\n");
            fs::write(self.0.join("sources.list"), source)?;
            run(self.apt("apt-get").args(["update", "--quiet"]))?;
            let versions = read(self.apt("apt-cache").args(["madison", "rust-src"]))?;
            if let Some(version) = version_for(rustc, &versions) {
                return Ok(format!("rust-src={version}"));
            }
        }
        bail!("Debian has no rust-src {rustc} in {}", SUITES.join(", "))
    }

    fn apt(&self, program: &str) -> Command {
        let place = self.0.display();
        let mut apt = command(program);
        apt.current_dir(&self.0).args([
            format!("-oDir::Etc::sourcelist={place}/sources.list"),
            "-oDir::Etc::sourceparts=-".into(),
            format!("-oDir::State::lists={place}/lists"),
            format!("-oDir::Cache={place}/cache"),
            "-oAPT::Sandbox::User=root".into(),
        ]);
        apt
    }

    fn build(&self, sysroot: &Path) -> Result<()> {
        let crate_ = self.0.join("empty");
        fs::create_dir_all(crate_.join("src"))?;
        fs::write(crate_.join("src/lib.rs"), "")?;
        fs::write(
            crate_.join("Cargo.toml"),
            "[package]\nname = \"empty\"\nedition = \"2024\"\n[workspace]\n",
        )?;
        run(cargo(["build", "--release", "--target", WASM])
            .arg("-Zbuild-std=std,panic_abort,panic_unwind,test")
            .current_dir(&crate_)
            .env("CARGO_TARGET_DIR", crate_.join("target"))
            .env("RUSTC_BOOTSTRAP", "1")
            // The link-time optimisation of the application needs the bitcode.
            .env("RUSTFLAGS", "-Cembed-bitcode=yes"))?;
        let built = crate_.join("target").join(WASM).join("release/deps");
        install(&built, &sysroot.join("lib/rustlib").join(WASM))
    }
}

/// A symbolic link through which cargo finds the sources of the standard library. It is removed
/// afterwards, because rustup would take it for a component that it did not install.
struct Link<'a>(&'a Path);

impl<'a> Link<'a> {
    fn make(sources: &Path, library: &'a Path) -> Result<Self> {
        if let Some(parent) = library.parent() {
            fs::create_dir_all(parent)?;
        }
        if library.is_symlink() {
            // The link was left by a run that was interrupted.
            fs::remove_file(library)?;
        }
        symlink(sources, library)
            .with_context(|| format!("cannot create the link {}", library.display()))?;
        Ok(Self(library))
    }

    fn remove(self) -> Result<()> {
        fs::remove_file(self.0)
            .with_context(|| format!("cannot remove the link {}", self.0.display()))
    }
}

/// Copies the libraries to a temporary directory and then renames it, so that an incomplete target
/// never looks like a complete one.
fn install(built: &Path, target: &Path) -> Result<()> {
    let unfinished = target.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    let libraries = unfinished.join("lib");
    fs::create_dir_all(&libraries)
        .with_context(|| format!("cannot write to the toolchain: {}", target.display()))?;
    for path in entries(built)? {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if name.ends_with(".rlib") && !name.starts_with("libempty-") {
            fs::copy(&path, libraries.join(name))?;
        }
    }
    fs::rename(&unfinished, target)?;
    Ok(())
}

/// The mirror that the machine's apt already uses.
fn mirror() -> Result<String> {
    let format = "$(ORIGIN) $(LABEL) $(REPO_URI)";
    let targets = read(command("apt-get").args([
        "indextargets",
        "--format",
        format,
        "Created-By: Packages",
    ]))?;
    targets
        .lines()
        .find_map(|line| line.strip_prefix("Debian Debian "))
        .map(str::to_owned)
        .context("apt is not configured with a Debian mirror")
}

fn rustc_version() -> Result<String> {
    let version = read(command("rustc").arg("--version"))?;
    version
        .split_whitespace()
        .nth(1)
        .map(str::to_owned)
        .context("rustc did not print its version")
}

fn version_for<'a>(rustc: &str, madison: &'a str) -> Option<&'a str> {
    madison
        .lines()
        .filter_map(|line| line.split('|').nth(1))
        .map(str::trim)
        .find(|version| version.split(['+', '-']).next() == Some(rustc))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADISON: &str = "\
 rust-src | 1.96.1+dfsg1-2~bpo13+1 | http://mirror/debian stable-backports/main amd64 Packages
 rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://mirror/debian stable-backports/main amd64 Packages
";

    #[test]
    fn the_package_has_exactly_the_version_of_rustc() {
        assert_eq!(
            version_for("1.95.0", MADISON),
            Some("1.95.0+dfsg1-2~bpo13+1")
        );
        assert_eq!(version_for("1.95", MADISON), None);
        assert_eq!(version_for("1.97.1", MADISON), None);
    }
}
