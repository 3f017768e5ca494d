//! Builds the module for the browser, for programs that do not build WebAssembly themselves.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::process::{cargo, command, run};
use crate::step::step;
use crate::wasm_target::WASM;
use crate::workspace;

/// The name of the WebAssembly that wasm-bindgen writes, before it is optimised.
const UNOPTIMIZED: &str = "dwell_bg.wasm";

/// The features of WebAssembly that the compiler uses. All browsers that are supported have them.
const FEATURES: [&str; 5] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
];

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
            .arg("-Oz")
            .args(FEATURES)
            .arg(&unoptimized)
            .arg("--output")
            .arg(directory.join("dwell.wasm")))?;
        fs::remove_file(&unoptimized).with_context(|| format!("removing {}", unoptimized.display()))
    })
}

pub(crate) fn directory() -> PathBuf {
    workspace::target().join("module")
}
