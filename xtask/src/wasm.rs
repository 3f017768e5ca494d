//! WebAssembly for the browser, built without cargo-leptos.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::process::{command, run};
pub(crate) use crate::wasm_target::WASM;
use crate::workspace;

/// Where cargo puts the module of the package `name` that it builds with this profile.
pub(crate) fn built(name: &str, profile: &str) -> PathBuf {
    let file = name.replace('-', "_") + ".wasm";
    let directory = workspace::target().join(WASM).join(profile);
    directory.join(file)
}

/// Writes `NAME.js` and `NAME_bg.wasm` into `directory`: the module that cargo has built, and the
/// JavaScript that loads it.
pub(crate) fn bind(built: &Path, name: &str, directory: &Path) -> Result<()> {
    run(command("wasm-bindgen")
        .args(["--target=web", "--no-typescript", "--out-name", name])
        .arg("--out-dir")
        .args([directory, built]))
}
