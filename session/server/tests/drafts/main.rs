//! Tests of drafts on SQLite and PostgreSQL. Every test runs on both.
//!
//! The suite starts PostgreSQL itself. Each test has its own database and clock.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of a test may fail the test"
)]

#[path = "../engines/mod.rs"]
mod engines;
#[macro_use]
mod bench;

mod late;
mod limits;
mod own;
mod races;
mod sending;
mod used_up;
