//! Where sessions are kept.
//!
//! Every operation is one atomic step, conditional on the session being live, so that nothing that
//! is under way at an end can revive the session (`C2`, `A10`).

mod error;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod feed;
mod key;
mod listener;
#[cfg(feature = "sqlite")]
mod listeners;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
mod session;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
pub(crate) mod timed;

use std::{fmt, sync::Arc, time::Duration};

/// The attribute for implementations of [`Store`].
pub use async_trait::async_trait;
use dwell_session::{EndReason, Generation, Instant, Lifetime};

#[cfg(feature = "postgres")]
pub use self::postgres::PostgresStore;
#[cfg(feature = "redis")]
pub use self::redis::{
    Advice, InvalidRedisUrl, RedisError, RedisStore, RedisStoreBuilder, RedisUrl,
};
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteStore;
pub use self::{
    error::{StoreError, TimedOut},
    key::{SessionId, SessionKey, UnknownKey},
    listener::Listener,
    session::{
        Data, Expired, ListedSession, Lookup, NewSession, Origin, Presence, Provider, Session,
        SessionLimits, Sweep, Tombstone,
    },
};
use crate::{PersonId, clock::Clock};

/// How long a tombstone can tell why its session ended.
pub const TOMBSTONE_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The operations on sessions.
///
/// Times are those of the store's own clock, so that several nodes agree. A session is live while
/// nothing has ended it and its deadline, `min(last_active_at + idle, authenticated_at + absolute)`
/// by the limits that it was created with, is later than now.
///
/// None of the methods has a default, so that nobody has half a store. The crate
/// `dwell-conformance` has the tests that an implementation has to pass, and
/// `examples/store-in-memory` is one that is short enough to start from.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store of sessions",
    label = "this is not a store",
    note = "`SqliteStore`, `PostgresStore` and `RedisStore` are stores, each with a feature of `dwell`",
    note = "a store is made of connections, as in `PostgresStore::new(pool)`"
)]
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// The clock of this process, if the store goes by that. None where the store has a clock of its
    /// own, which several nodes share.
    fn clock(&self) -> Option<Arc<dyn Clock>>;

    /// Whether the store answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// The time on the store's clock. It never goes back, whatever the clock does.
    async fn now(&self) -> Result<Instant, StoreError>;

    /// Creates a session that begins now. It fails where the key or the generation is taken.
    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError>;

    /// Tells what is known of a session.
    async fn find(&self, key: SessionKey) -> Result<Lookup, StoreError>;

    /// Moves the last activity of a live session forward to `at`, bounded by now, and tells what is
    /// known of the session then.
    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Lookup, StoreError>;

    /// Moves the last activity of each live session forward, bounded by now. No key occurs twice.
    /// Returns the live ones, each with its last activity.
    async fn touch_all(
        &self,
        touches: &[(SessionKey, Instant)],
    ) -> Result<Vec<(SessionKey, Instant)>, StoreError>;

    /// Returns those of these sessions that are live.
    async fn live_among(&self, keys: &[SessionKey]) -> Result<Vec<SessionKey>, StoreError>;

    /// Creates `session` in place of the live session `old`, which ends in the same step.
    /// Returns nothing, and changes nothing, where `old` is not live.
    async fn rotate(
        &self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<Option<Lifetime>, StoreError>;

    /// Ends a live session and wipes its data. Returns whether it was live.
    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError>;

    /// Ends every live session of `person` but `keep`. Returns those that it ended.
    async fn end_others(
        &self,
        person: &PersonId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<Vec<SessionKey>, StoreError>;

    /// The live sessions of `person`, the latest active first.
    async fn list(&self, person: &PersonId) -> Result<Vec<ListedSession>, StoreError>;

    /// How many sessions nothing has ended, except perhaps time.
    async fn count(&self) -> Result<u64, StoreError>;

    /// Whose session, live or ended, has this generation.
    async fn owner(&self, generation: Generation) -> Result<Option<PersonId>, StoreError>;

    /// Ends a session whose time is over. Returns what it ended.
    async fn expire(&self, key: SessionKey) -> Result<Option<Expired>, StoreError>;

    /// Ends up to `limit` sessions whose time is over. Nothing else can write to them meanwhile.
    async fn sweep(&self, limit: u32) -> Result<Sweep, StoreError>;

    /// Shortens the limits of up to `limit` sessions that have longer ones than `limits`. Returns
    /// how many there were.
    async fn tighten(&self, limits: SessionLimits, limit: u32) -> Result<u64, StoreError>;

    /// Deletes up to `limit` tombstones that are older than [`TOMBSTONE_RETENTION`]. Returns how
    /// many it deleted.
    async fn forget(&self, limit: u32) -> Result<u64, StoreError>;

    /// Makes sure that the store's time does not go back, and sets instants that are later than now
    /// to now in up to `limit` sessions or a few more: a clock was ahead for a moment. Returns in how
    /// many.
    async fn keep_time(&self, limit: u32) -> Result<u64, StoreError>;

    /// The data of a live session, and its deadline.
    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError>;

    /// Replaces the data of a live session. Returns whether it was live; never creates one.
    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError>;

    /// Reports every session that ends, on whichever node, to `listener`, until that fails.
    async fn follow(&self, listener: Arc<dyn Listener>) -> StoreError;
}
