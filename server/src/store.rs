//! Where sessions are kept.
//!
//! Every operation is one atomic step, conditional on the session being live, so that nothing that
//! is under way at an end can revive the session (`C2`, `A10`).

mod feed;
mod listeners;
mod redis;
mod sql;
mod timed;
mod tower_sessions;

use std::{
    collections::HashMap,
    fmt,
    hash::{Hash, Hasher},
    num::ParseIntError,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use dwell_session::{EndReason, Generation, Instant, Lifetime};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use self::{
    feed::Listener,
    redis::{Advice, InvalidRedisUrl, RedisError, RedisStore, RedisUrl},
    sql::SqlStore,
    timed::Timed,
    tower_sessions::TowerSessions,
};
use crate::account_id::AccountId;

/// The id of a session, as it stands in the cookie: 128 random bits (`B4`).
pub type SessionId = ::tower_sessions::session::Id;

/// The small, fixed data of a session, as `tower_sessions` keeps it.
pub type Data = HashMap<String, Value>;

/// How long a tombstone can tell why its session ended.
const TOMBSTONE_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The operations on sessions.
///
/// Times are those of the store's own clock, so that several nodes agree.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Whether the store answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// The time on the store's clock.
    async fn now(&self) -> Result<Instant, StoreError>;

    /// Begins a session now. Never takes the place of one that exists.
    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError>;

    /// What is known of a session.
    async fn find(&self, key: SessionKey) -> Result<Sighting, StoreError>;

    /// Moves the last activity of a live session forward to `at`, bounded by now.
    /// Tells what is then known of it.
    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Sighting, StoreError>;

    /// Moves the last activity of each live session forward, bounded by now. Each is named once.
    /// Tells of those that live when they were then last active.
    async fn touch_all(
        &self,
        touches: &[(SessionKey, Instant)],
    ) -> Result<Vec<(SessionKey, Instant)>, StoreError>;

    /// Which of these sessions live.
    async fn live_among(&self, keys: &[SessionKey]) -> Result<Vec<SessionKey>, StoreError>;

    /// Begins `session` in the place of the live session `old`, which ends in the same step.
    /// Tells nothing if `old` was not live; then nothing has changed.
    async fn rotate(
        &self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<Option<Lifetime>, StoreError>;

    /// Ends a live session and wipes its data. Tells whether it was live.
    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError>;

    /// Ends every live session of `account` but `keep`. Tells which there were.
    async fn end_others(
        &self,
        account: AccountId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<Vec<SessionKey>, StoreError>;

    /// The live sessions of `account`, the latest first.
    async fn list(&self, account: AccountId) -> Result<Vec<ListedSession>, StoreError>;

    /// How many sessions there are that nothing has ended so far but perhaps time.
    async fn count(&self) -> Result<u64, StoreError>;

    /// Whose session, live or ended, has this generation.
    async fn owner(&self, generation: Generation) -> Result<Option<AccountId>, StoreError>;

    /// Ends a session if time has ended it. Tells what it ended.
    async fn expire(&self, key: SessionKey) -> Result<Option<Swept>, StoreError>;

    /// Ends up to `most` sessions that time has ended, which nobody else can write to meanwhile.
    async fn sweep(&self, most: u32) -> Result<Sweep, StoreError>;

    /// Forgets up to `most` tombstones that are older than thirty days. Tells how many.
    async fn forget(&self, most: u32) -> Result<u64, StoreError>;

    /// Takes what is later than now for now, in up to `most` sessions or some more: a clock was ahead
    /// for a moment. Tells in how many. Where the store goes by the process's clock, that begins
    /// again at this time at the earliest.
    async fn keep_time(&self, most: u32) -> Result<u64, StoreError>;

    /// The data of a live session.
    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError>;

    /// Replaces the data of a live session. Tells whether it was live; never begins one.
    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError>;

    /// Tells `listener` of every session that ends, on whichever node, until that fails.
    async fn follow(&self, listener: Arc<dyn Listener>) -> StoreError;
}

/// Names a session inside the server: the SHA-256 of its id.
///
/// It is shown shortened, for logs, and read from all of its hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionKey([u8; 32]);

/// It is a hash already: eight bytes of it will do.
impl Hash for SessionKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [.., a, b, c, d, e, f, g, h] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl SessionKey {
    /// The key of the session with this id.
    pub fn of(id: &SessionId) -> Self {
        Self(Sha256::digest(id.0.to_le_bytes()).into())
    }

    fn bytes(self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// All of its hexadecimal digits.
    fn digits(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// One of `parts` equal parts of all keys.
    pub(crate) fn spread(self, parts: usize) -> usize {
        usize::from(self.0[0]) % parts
    }
}

impl FromStr for SessionKey {
    type Err = UnknownKey;

    fn from_str(digits: &str) -> Result<Self, Self::Err> {
        if digits.len() != 64 || !digits.is_ascii() {
            return Err(UnknownKey);
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16)?;
        }
        Ok(Self(bytes))
    }
}

/// A text that names no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key has 64 hexadecimal digits")]
pub struct UnknownKey;

impl From<ParseIntError> for UnknownKey {
    fn from(_: ParseIntError) -> Self {
        Self
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..6]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({self})")
    }
}

/// A session that is to begin.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Names it.
    pub key: SessionKey,
    /// Whose it is.
    pub account: AccountId,
    /// Its generation.
    pub generation: Generation,
    /// Where it is begun from.
    pub origin: Origin,
    /// Its data.
    pub data: Data,
}

/// Where a session was begun from (`E3`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The network address.
    pub address: String,
    /// What the browser calls itself, shortened and without control characters.
    pub browser: String,
}

/// A session that nothing has ended so far but perhaps time.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    /// Names it.
    pub key: SessionKey,
    /// Whose it is.
    pub account: AccountId,
    /// Its generation.
    pub generation: Generation,
    /// When it began and was last active.
    pub lifetime: Lifetime,
}

impl Session {
    /// What is left of it when it has ended for `reason`.
    pub fn entombed(&self, reason: EndReason) -> Tombstone {
        Tombstone {
            account: self.account,
            generation: self.generation,
            reason,
        }
    }
}

/// A session, as its person is shown it.
#[derive(Debug, Clone)]
pub struct ListedSession {
    /// The session.
    pub session: Session,
    /// Where it was begun from.
    pub origin: Origin,
}

/// What a store knows of a session at an instant of its own clock.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// That instant.
    pub now: Instant,
    /// What it knows.
    pub presence: Presence,
}

/// Whether there is a session.
#[derive(Debug, Clone)]
pub enum Presence {
    /// It is there. Whether time has ended it follows from its lifetime.
    Found(Session),
    /// It was there and has ended.
    Ended(Tombstone),
    /// No session has this id, or it ended long ago. It is never adopted (`B8`).
    Unknown,
}

/// What is left of a session that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstone {
    /// Whose it was.
    pub account: AccountId,
    /// Its generation.
    pub generation: Generation,
    /// Why it ended.
    pub reason: EndReason,
}

impl Tombstone {
    /// Whether time ended the session, and nobody.
    pub fn is_timeout(&self) -> bool {
        match self.reason {
            EndReason::IdleTimeout | EndReason::AbsoluteTimeout => true,
            EndReason::SignedOut
            | EndReason::Revoked
            | EndReason::Replaced
            | EndReason::Restored => false,
        }
    }
}

/// What [`Store::sweep`] has done.
#[derive(Debug, Clone, Default)]
pub struct Sweep {
    /// What it ended.
    pub ended: Vec<Swept>,
    /// Whether there may be more to sweep.
    pub is_more: bool,
}

/// A session that time has ended.
#[derive(Debug, Clone)]
pub struct Swept {
    /// Names it.
    pub key: SessionKey,
    /// Whose it was.
    pub account: AccountId,
    /// The limit that ended it.
    pub reason: EndReason,
    /// When it ended, which is before it was swept.
    pub ended_at: Instant,
}

/// The store does not answer, or answers with something that it was never given.
#[derive(Debug, thiserror::Error)]
#[error("the session store failed")]
pub struct StoreError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// The failure that `source` is.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::new(error)
    }
}

fn json(data: &Data) -> Result<String, StoreError> {
    serde_json::to_string(data).map_err(StoreError::new)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
