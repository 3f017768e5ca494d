//! What a task says while it works.

use anyhow::{Context as _, Result};

use crate::stopwatch::Stopwatch;

/// Does one step of a task: says what it is, how long it took, and which one failed.
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

/// Says that a step has nothing to do.
pub(crate) fn already(what: &str) {
    println!("==> {what}: already there");
}
