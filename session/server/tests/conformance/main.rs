//! What every store must do, on SQLite, PostgreSQL and Redis: same operations, same answers.
//!
//! The suite starts the servers itself, on free ports and in temporary directories, and they end
//! with it. Their clocks are moved by the tests, to the millisecond. A store is tested where its
//! feature is enabled.

#![cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
#![cfg_attr(
    not(all(feature = "sqlite", feature = "postgres", feature = "redis")),
    allow(unused, reason = "an engine needs a part of it")
)]
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
mod limits;
mod operations;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod own_clock;
#[cfg(feature = "postgres")]
mod postgres;
mod races;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;
mod sweeping;
mod time;
