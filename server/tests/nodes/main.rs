//! Tests of several nodes on one engine, as real processes of `dwell serve`: a session that one
//! node has ended is refused by all, whatever happens to nodes, clocks, connections and engines.
//!
//! Each test runs with the sessions in PostgreSQL and with the sessions in Redis. Tests that need
//! only one node also run with the sessions in SQLite.
//! `NODES_REPEATS=1000 cargo test -p dwell-server --test nodes ends -- --test-threads 1 --nocapture`
//! measures how soon an end holds on the other nodes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests may panic and print"
)]

#[macro_use]
mod harness;

mod by_hand;
mod clocks;
mod ends;
mod killed;
mod outages;
mod rolling;
mod set_back;
mod stale;
mod together;
mod told;
