//! What a test needs to know of the store that it tests.

use std::sync::Arc;

use dwell::{
    Instant,
    store::{SessionKey, Store, async_trait},
};

/// The time at which every test begins.
pub const START: Instant = Instant::from_millis(1_700_000_000_000);

/// A store for one test, which holds no sessions yet, and what belongs to it.
///
/// Many tests run at the same time in one process. They may share a server, but not the sessions:
/// give each of them a database, a schema or a file of its own.
#[async_trait]
pub trait Subject: Send + Sync + 'static {
    /// The store as one node of a program has it.
    fn store(&self) -> Arc<dyn Store>;

    /// The same sessions, as another node has them. A store that cannot be opened twice returns
    /// the store itself.
    fn elsewhere(&self) -> Arc<dyn Store>;

    /// Sets the clock that both nodes go by to `now`. It stands still between two calls.
    ///
    /// The first call, before a test begins, sets it to [`START`]. Only the tests of
    /// [`shared_suite!`](crate::shared_suite) also set it back.
    async fn set_clock(&self, now: Instant);

    /// How many sessions are stored, whether they live or have ended.
    async fn sessions_kept(&self) -> u64;

    /// Everything that is stored of this session and may tell something about its person, as one
    /// text: its data, the address and the browser, the version of the credential, and what the
    /// identity provider has told. The text is empty where nothing of that is stored.
    async fn personal_data(&self, key: SessionKey) -> String;
}

/// A [`Subject`] whose sessions an operator can change with the tools of the engine, without
/// asking Dwell: with `psql`, for example, or with `redis-cli`.
#[async_trait]
pub trait ByHand: Subject {
    /// Does this to the session with this key.
    async fn by_hand(&self, deed: Deed, key: SessionKey);
}

/// What an operator does to sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Ends the session as revoked, one millisecond after the Unix epoch.
    End,
    /// Deletes the session.
    Delete,
    /// Deletes all sessions.
    DeleteAll,
    /// Moves the authentication and the last activity an hour ahead, as a clock that is wrong
    /// does.
    Postpone,
}
