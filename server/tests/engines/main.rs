//! Tests of the application on each engine: what it stores, how it starts, and how it migrates the
//! database of an earlier version.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may panic"
)]

#[macro_use]
mod harness;

mod migration;
mod records;
mod start;
