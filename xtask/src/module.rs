//! The module for the browser, for programs that build no WebAssembly of their own.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::process::{cargo, command, run};
use crate::step::step;
use crate::wasm::{self, WASM};
use crate::workspace;

const PROFILE: &str = "wasm-release";

/// The features of WebAssembly that the compiler uses. All supported browsers have them.
const FEATURES: [&str; 5] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
];

/// Builds `dwell.js` and `dwell.wasm` in `target/module`.
pub(crate) fn build() -> Result<()> {
    step("Build the module for the browser", || {
        run(
            cargo(["build", "--package=dwell-module", "--profile", PROFILE])
                .args(["--target", WASM]),
        )?;
        let directory = directory();
        wasm::bind(&wasm::built("dwell-module", PROFILE), "dwell", &directory)?;
        let unoptimized = directory.join("dwell_bg.wasm");
        run(command("wasm-opt")
            .arg("-Oz")
            .args(FEATURES)
            .arg(&unoptimized)
            .arg("--output")
            .arg(directory.join("dwell.wasm")))?;
        fs::remove_file(&unoptimized).with_context(|| format!("removing {}", unoptimized.display()))
    })
}

fn directory() -> PathBuf {
    workspace::target().join("module")
}
