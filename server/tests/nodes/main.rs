//! Several nodes on one engine, as real `dwell serve` processes: what one of them ends, all of them
//! refuse, whatever happens to nodes, clocks, connections and engines.
//!
//! Each test runs with the sessions in PostgreSQL, and again with the sessions in Redis; those that
//! need one node alone, with the sessions in SQLite too.
//! `NODES_REPEATS=1000 cargo test -p dwell-server --test nodes ends -- --test-threads 1 --nocapture`
//! measures how soon an end holds on the other nodes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "what helps a test may fail it, and say what it saw"
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
