//! What only the store on Redis has: its layout, which is migrated, its prefix, and how it goes
//! through all sessions.

#![cfg(feature = "redis")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helps a test may fail it"
)]

mod bench;
#[path = "../engines/mod.rs"]
mod engines;
mod migration;
mod prefix;
mod tighten;
