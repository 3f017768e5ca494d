//! The module for the browser, for programs that build no WebAssembly of their own.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::process::{cargo, command, run};
use crate::step::step;
use crate::wasm_target::WASM;
use crate::workspace;

/// What wasm-bindgen calls the WebAssembly that it writes, which is not optimized yet.
const UNOPTIMIZED: &str = "dwell_bg.wasm";

/// Builds `dwell.js` and `dwell.wasm` in [`directory`].
pub(crate) fn build() -> Result<()> {
    step("Build the module for the browser", || {
        run(&mut cargo([
            "build",
            "--package=dwell-module",
            "--target",
            WASM,
            "--profile=wasm-release",
        ]))?;
        let built = workspace::target()
            .join(WASM)
            .join("wasm-release/dwell_module.wasm");
        let directory = directory();
        run(command("wasm-bindgen")
            .args([
                "--target=web",
                "--no-typescript",
                "--out-name=dwell",
                "--out-dir",
            ])
            .args([&directory, &built]))?;
        let unoptimized = directory.join(UNOPTIMIZED);
        run(command("wasm-opt")
            .args(["-Oz", "--all-features"])
            .arg(&unoptimized)
            .arg("--output")
            .arg(directory.join("dwell.wasm")))?;
        fs::remove_file(&unoptimized).with_context(|| format!("removing {}", unoptimized.display()))
    })
}

pub(crate) fn directory() -> PathBuf {
    workspace::target().join("module")
}
