//! Installs the standard library for WebAssembly.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::process::{command, read, run};
use crate::step::{already, step};
use crate::{debian_std, process};

pub(crate) const WASM: &str = "wasm32-unknown-unknown";

pub(crate) fn set_up() -> Result<()> {
    let sysroot = sysroot()?;
    if is_installed(&sysroot) {
        already("WebAssembly target");
        return Ok(());
    }
    step("Add the WebAssembly target", || {
        install(&sysroot).context(format!(
            "the standard library for {WASM} is missing; `rustup target add {WASM}` installs it"
        ))
    })
}

fn install(sysroot: &Path) -> Result<()> {
    let Err(refusal) = add_with_rustup(sysroot) else {
        return Ok(());
    };
    if !debian_std::is_possible() {
        return Err(refusal);
    }
    println!("    {refusal:#}; building it from Debian's rust-src instead");
    debian_std::build(sysroot)
}

fn add_with_rustup(sysroot: &Path) -> Result<()> {
    if process::find("rustup").is_none() {
        bail!("rustup is not installed");
    }
    run(command("rustup").args(["target", "add", WASM]))?;
    if !is_installed(sysroot) {
        bail!(
            "rustup has installed it for a toolchain other than {}",
            sysroot.display()
        );
    }
    Ok(())
}

fn is_installed(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib").join(WASM).is_dir()
}

fn sysroot() -> Result<PathBuf> {
    let sysroot = read(command("rustc").args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(sysroot.trim()))
}
