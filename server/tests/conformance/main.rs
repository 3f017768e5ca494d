//! What every store must do, on SQLite, PostgreSQL and Redis: same operations, same answers.
//!
//! The suite starts the servers itself, on free ports and in temporary directories, and they end
//! with it. Their clocks are moved by the tests, to the millisecond.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helps a test may fail it"
)]

#[macro_use]
mod harness;

mod boundaries;
mod endings;
mod feed;
mod operations;
mod own_clock;
mod postgres;
mod races;
mod records;
mod redis;
mod start;
mod sweeping;
mod time;
