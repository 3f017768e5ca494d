//! The interface to which a store reports the sessions that have ended.

use std::fmt;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
use std::time::Duration;

use dwell_session::Instant;

use super::SessionKey;

/// The interval between the beats, in which a node makes sure that it receives reports of ends.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
pub(super) const BEAT_INTERVAL: Duration = Duration::from_millis(200);

/// Receives reports of the sessions that have ended, from [`Store::follow`](super::Store::follow).
/// Dwell implements it for its index of live sessions. An implementation of a store only calls it.
pub trait Listener: fmt::Debug + Send + Sync {
    /// The time by the node's own clock.
    fn time(&self) -> Instant;

    /// Called before the first report, and whenever reports may have been missed: sessions may have
    /// ended without a report.
    fn begin(&self);

    /// A session has ended, or does not exist any more.
    fn ended(&self, key: SessionKey);

    /// Returns the sessions that this node has treated as live, without asking the store, since
    /// this was last called.
    fn take_served(&self) -> Vec<SessionKey>;

    /// The store was asked at `asked_at` by the node's own clock, or later, and has said that these
    /// sessions are live.
    fn confirm(&self, live: &[SessionKey], asked_at: Instant);

    /// Every end before `asked_at`, by the node's own clock, has been reported. Since then, the
    /// store's clock has shown `now`.
    fn caught_up(&self, asked_at: Instant, now: Instant);

    /// Every end is reported before the operation that ends the session returns. This is for a
    /// store that uses the node's own clock, and that calls [`begin`](Self::begin) again when
    /// another process has changed something.
    fn always_caught_up(&self);
}
