//! The server over HTTP: the real router on a real database, with a clock that the test moves.
//!
//! A test that proves a requirement names its row, so that `grep -rn "A10"` finds the proof.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helps a test may fail it"
)]

mod harness;

mod backup;
mod cli;
mod cookies;
mod database;
mod draft_limits;
mod drafts;
mod expiry;
mod faults;
mod fetch;
mod forgery;
mod garbage;
mod generation;
mod headers;
mod in_flight;
mod index;
mod late;
mod logs;
mod metrics;
mod notes;
mod passive;
mod proxies;
mod races;
mod replay;
mod routes;
mod serve;
mod session_store;
mod sign_in;
mod touches;
