//! Checks the programs in `examples/`, which use Dwell as the programs of other teams do.

use std::process::Command;

use anyhow::Result;

use crate::process::{cargo, run};
use crate::step::step;

/// The packages that run on the server. They are built one by one, because cargo would join their
/// features.
const ON_SERVER: [&str; 1] = ["store-in-memory"];

pub(crate) fn lint() -> Result<()> {
    step("Check the formatting of the examples", || {
        run(in_examples("fmt").args(["--all", "--check"]))
    })?;
    for package in ON_SERVER {
        step(&format!("Lint the example {package}"), || {
            run(in_examples("clippy").args([
                "--package",
                package,
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ]))
        })?;
    }
    Ok(())
}

pub(crate) fn test() -> Result<()> {
    for package in ON_SERVER {
        step(&format!("Test the example {package}"), || {
            run(in_examples("test").args(["--package", package]))
        })?;
    }
    Ok(())
}

/// A task in the workspace of the examples, which has the target directory of this workspace.
fn in_examples(task: &str) -> Command {
    cargo([task, "--manifest-path", "examples/Cargo.toml"])
}
