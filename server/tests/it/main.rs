//! Tests of the server over HTTP: the real router on a real database, with a clock that the test
//! sets.
//!
//! A test that proves a requirement names its row, so that `grep -rn "A10"` finds the proof.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may panic"
)]

mod harness;

mod backup;
mod cli;
mod cookies;
mod database;
mod database_file;
mod draft_limits;
mod drafts;
mod expiry;
mod faults;
mod fetch;
mod forgery;
mod full_disk;
mod garbage;
mod generation;
mod guard;
mod headers;
mod in_flight;
mod index;
mod late;
mod log_unread;
mod logs;
mod metrics;
mod notes;
mod passive;
mod proxies;
mod races;
mod replay;
mod routes;
mod serve;
mod sign_in;
mod sign_in_limits;
mod slow_bodies;
mod slow_clients;
mod touches;
