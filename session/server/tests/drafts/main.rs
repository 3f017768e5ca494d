//! What drafts promise, on SQLite and PostgreSQL: same operations, same answers.
//!
//! The suite starts PostgreSQL itself, and each test has a database and a clock of its own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helps a test may fail it"
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
