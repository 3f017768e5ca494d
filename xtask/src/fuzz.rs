//! Checks the fuzz targets in `session/fuzz`. CONTRIBUTING.md says how to run them.

use std::process::Command;

use anyhow::Result;

use crate::process::{cargo, run};
use crate::step::step;

/// Without the instrumentation, so that what the targets depend on is shared with the workspace.
pub(crate) fn lint() -> Result<()> {
    step("Check the formatting of the fuzz targets", || {
        run(in_fuzz("fmt").arg("--check"))
    })?;
    step("Lint the fuzz targets", || {
        run(in_fuzz("clippy").args(["--bins", "--lib", "--", "-D", "warnings"]))
    })
}

fn in_fuzz(task: &str) -> Command {
    cargo([task, "--manifest-path", "session/fuzz/Cargo.toml"])
}
