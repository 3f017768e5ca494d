//! The application on each of its engines: what it keeps, how it starts, and what becomes of a database
//! of an earlier version.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helps a test may fail it"
)]

#[macro_use]
mod harness;

mod migration;
mod records;
mod start;
