//! The trait for stores of sessions, and its implementations.
//!
//! Every operation is one atomic step and depends on the session being live, so that no operation
//! that is in progress when a session ends can revive it (`C2`, `A10`).

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

/// The attribute that implementations of [`Store`] need.
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

/// How long a tombstone is kept, which says why its session has ended: 30 days.
pub const TOMBSTONE_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A store of sessions.
///
/// All times are those of the store's own clock, so that several nodes agree. A session is live as
/// long as nothing has ended it and its deadline is later than now. The deadline is
/// `min(last_active_at + idle, authenticated_at + absolute)`, with the limits that the session was
/// created with, or shorter ones that [`tighten`](Self::tighten) has set.
///
/// No method has a default implementation, so that the compiler reports an incomplete store. Every
/// operation fails if the store does not answer, or if it contains something that it has not
/// written. The crate `dwell-conformance` has the tests that an implementation has to pass, and
/// `examples/store-in-memory` is a short implementation to start from.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store of sessions",
    label = "this is not a store",
    note = "`SqliteStore`, `PostgresStore` and `RedisStore` are stores, each with a feature of `dwell`",
    note = "a store is made of connections, as in `PostgresStore::new(pool)`"
)]
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// The clock of this process, if the store uses it. `None` if the store has a clock of its own,
    /// which several nodes share.
    fn clock(&self) -> Option<Arc<dyn Clock>>;

    /// Checks whether the store answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Returns the time by the store's clock. It never goes back, even if the clock is set back.
    async fn now(&self) -> Result<Instant, StoreError>;

    /// Creates a session that begins now. Fails if there is a session with this key or this
    /// generation.
    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError>;

    /// Returns what is known about a session.
    async fn find(&self, key: SessionKey) -> Result<Lookup, StoreError>;

    /// Moves the last activity of a live session forward to `at`, but never back and not beyond
    /// now. Returns what is known about the session afterwards.
    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Lookup, StoreError>;

    /// Moves the last activity of each live session forward, but never back and not beyond now. No
    /// key occurs twice. Returns the live sessions, each with its last activity.
    async fn touch_all(
        &self,
        touches: &[(SessionKey, Instant)],
    ) -> Result<Vec<(SessionKey, Instant)>, StoreError>;

    /// Returns those of these sessions that are live.
    async fn live_among(&self, keys: &[SessionKey]) -> Result<Vec<SessionKey>, StoreError>;

    /// Creates `session` in place of the live session `old`, which ends in the same step with the
    /// reason [`EndReason::Replaced`]. If `old` is not live, this returns `None` and changes
    /// nothing.
    async fn rotate(
        &self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<Option<Lifetime>, StoreError>;

    /// Ends a live session and deletes its data. Returns whether it was live.
    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError>;

    /// Ends every live session of `person` except `keep`. Returns the ended sessions.
    async fn end_others(
        &self,
        person: &PersonId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<Vec<SessionKey>, StoreError>;

    /// Returns the live sessions of `person`, the most recently active first.
    async fn list(&self, person: &PersonId) -> Result<Vec<ListedSession>, StoreError>;

    /// Returns the number of sessions that have not been ended. Sessions whose time is over count
    /// until [`expire`](Self::expire) or [`sweep`](Self::sweep) has ended them.
    async fn count(&self) -> Result<u64, StoreError>;

    /// Returns the person whose session, live or ended, has this generation.
    async fn owner(&self, generation: Generation) -> Result<Option<PersonId>, StoreError>;

    /// Ends a session if its time is over. Returns it if it was ended by this call.
    async fn expire(&self, key: SessionKey) -> Result<Option<Expired>, StoreError>;

    /// Ends up to `limit` sessions whose time is over. The sessions cannot be changed by other
    /// operations in the meantime.
    async fn sweep(&self, limit: u32) -> Result<Sweep, StoreError>;

    /// Shortens the limits of up to `limit` sessions that have longer ones than `limits`. Returns
    /// the number of changed sessions.
    async fn tighten(&self, limits: SessionLimits, limit: u32) -> Result<u64, StoreError>;

    /// Deletes up to `limit` tombstones that are older than [`TOMBSTONE_RETENTION`]. Returns the
    /// number of deleted tombstones.
    async fn forget(&self, limit: u32) -> Result<u64, StoreError>;

    /// Makes sure that the time of the store does not go back, and sets instants that are later
    /// than now to now, in up to `limit` sessions or a few more. There are such instants if a clock
    /// was ahead for a while. Returns the number of changed sessions.
    async fn keep_time(&self, limit: u32) -> Result<u64, StoreError>;

    /// Returns the data of a live session, and its deadline.
    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError>;

    /// Replaces the data of a live session. Returns whether it was live. This never creates a
    /// session.
    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError>;

    /// Reports every session that ends, on whichever node, to `listener`. Returns only when this
    /// fails.
    async fn follow(&self, listener: Arc<dyn Listener>) -> StoreError;
}
