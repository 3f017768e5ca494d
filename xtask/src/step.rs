//! Prints the steps of a task.

use anyhow::{Context as _, Result};

use crate::stopwatch::Stopwatch;

/// Runs one step of a task, and prints what it is and how long it took. An error names the step.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("==> {what}");
    let stopwatch = Stopwatch::start();
    let outcome = work();
    let elapsed = stopwatch.elapsed();
    match &outcome {
        Ok(_) => println!("    done in {elapsed}"),
        Err(_) => println!("    failed after {elapsed}"),
    }
    outcome.with_context(|| format!("this step failed: {what}"))
}

/// Prints that a step is not necessary.
pub(crate) fn already(what: &str) {
    println!("==> {what}: already there");
}
