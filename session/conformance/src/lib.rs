//! The tests that every store for sessions of Dwell has to pass.
//!
//! Dwell keeps sessions in SQLite, PostgreSQL or Redis. If you want to keep them elsewhere, you
//! implement [`dwell::store::Store`] and hold your store to the same promises with this crate,
//! which has been taken from the tests of Dwell itself.
//!
//! # Testing a store
//!
//! Add the crate to your `[dev-dependencies]` and write, in a file in `tests/`, a [`Subject`]: it
//! makes a store without sessions, as two nodes have it, and moves the clock that the store goes
//! by. Then [`suite!`] makes a test of each promise:
//!
//! ```
//! use std::sync::Arc;
//!
//! use dwell::{
//!     Instant,
//!     clock::ManualClock,
//!     store::{SessionKey, Store, async_trait},
//! };
//! use dwell_conformance::{START, Subject};
//! # mod my_engine {
//! #     use super::*;
//! #
//! #     pub struct Database(Arc<dyn Store>);
//! #
//! #     impl Database {
//! #         pub async fn create() -> Self {
//! #             std::future::pending().await
//! #         }
//! #
//! #         pub fn store(&self, _: &Arc<ManualClock>) -> Arc<dyn Store> {
//! #             Arc::clone(&self.0)
//! #         }
//! #
//! #         pub async fn count_sessions(&self) -> u64 {
//! #             self.0.count().await.unwrap_or_default()
//! #         }
//! #
//! #         pub async fn columns_about_the_person(&self, key: SessionKey) -> String {
//! #             format!("{:?}", self.0.find(key).await)
//! #         }
//! #     }
//! # }
//!
//! /// Two nodes that use one database.
//! struct MySubject {
//!     database: my_engine::Database,
//!     clock: Arc<ManualClock>,
//! }
//!
//! async fn my_subject() -> MySubject {
//!     MySubject {
//!         database: my_engine::Database::create().await,
//!         clock: Arc::new(ManualClock::at(START)),
//!     }
//! }
//!
//! #[async_trait]
//! impl Subject for MySubject {
//!     fn store(&self) -> Arc<dyn Store> {
//!         self.database.store(&self.clock)
//!     }
//!
//!     fn elsewhere(&self) -> Arc<dyn Store> {
//!         self.database.store(&self.clock)
//!     }
//!
//!     async fn set_clock(&self, now: Instant) {
//!         self.clock.advance_to(now);
//!     }
//!
//!     async fn sessions_kept(&self) -> u64 {
//!         self.database.count_sessions().await
//!     }
//!
//!     async fn personal_data(&self, key: SessionKey) -> String {
//!         self.database.columns_about_the_person(key).await
//!     }
//! }
//!
//! dwell_conformance::suite!(my_subject);
//! # fn main() {}
//! ```
//!
//! `cargo test` then lists each promise by its name, such as
//! `boundaries::at_a_limit_no_operation_finds_it_live_or_changes_it`, and one that is not kept
//! fails by that name. Each test has a subject of its own.
//!
//! # What is tested
//!
//! [`suite!`] is for every store:
//!
//! - `operations`: what each operation does to a live session, and what it returns;
//! - `boundaries`: that every operation finds a session alive one millisecond before a timeout,
//!   and that none does at the timeout;
//! - `endings`: that an end stays, has its reason, and leaves nothing of the person;
//! - `limits`: that each session has timeouts of its own;
//! - `sweeping`: what is done about sessions whose time is over, and about old tombstones;
//! - `feed`: what [`follow`](dwell::store::Store::follow) reports;
//! - `races`: each way to end a session, ten thousand times, against requests that use the session
//!   at the same time on two nodes.
//!
//! [`shared_suite!`] is for stores that several nodes share. They have a clock of their own, so
//! [`Store::clock`](dwell::store::Store::clock) returns nothing, and their time does not go back
//! when that clock is set back. [`by_hand_suite!`] is for stores whose sessions an operator can
//! change with other tools; implement [`ByHand`] for it.
//!
//! Two things that a store has to do cannot be tested here, because they depend on the engine. When
//! the engine fails or does not answer, every operation has to fail too: an unknown session is
//! somebody who is signed out, and a failed store must not sign anybody out. And a session of which
//! an operation has said that it ended must still have ended after the engine was killed.
//! [`Bench`], [`Follower`] and [`new_session`] help with tests of your own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test of a store fails by a panic"
)]

mod bench;
mod cases;
mod follower;
mod sessions;
mod subject;
mod suite;

use self::suite::runners;
#[doc(hidden)]
pub use self::suite::{every_store, shared_stores, stores_by_hand};
pub use self::{
    bench::Bench,
    follower::Follower,
    sessions::{LookupExt, new_session, sweep},
    subject::{ByHand, Deed, START, Subject},
};
