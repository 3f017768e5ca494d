//! Tests of what only the store on Redis has: the migration of its layout, its prefix, and how it
//! shortens the limits of all sessions.

#![cfg(feature = "redis")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of a test may fail the test"
)]

mod bench;
#[path = "../engines/mod.rs"]
mod engines;
mod migration;
mod prefix;
mod tighten;
