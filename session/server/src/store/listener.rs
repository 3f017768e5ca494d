//! Who is told of the sessions that have ended.

use std::fmt;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
use std::time::Duration;

use dwell_session::Instant;

use super::SessionKey;

/// How often a node makes sure that it hears of ends.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
pub(super) const BEAT_INTERVAL: Duration = Duration::from_millis(200);

/// Who is told of ends.
pub trait Listener: fmt::Debug + Send + Sync {
    /// The time on the node's own clock.
    fn time(&self) -> Instant;

    /// Ends are told from now on. Of those before, nothing is known.
    fn begin(&self);

    /// This session has ended, or is not there any more.
    fn ended(&self, key: SessionKey);

    /// The sessions that have been taken for live ones, without asking the store, since this was
    /// last called.
    fn take_served(&self) -> Vec<SessionKey>;

    /// The store, asked at `asked_at` on the node's own clock or later, has said that these live.
    fn confirm(&self, live: &[SessionKey], asked_at: Instant);

    /// Every end before `asked_at`, on the node's own clock, has been told. The store's clock has
    /// shown `now` since.
    fn caught_up(&self, asked_at: Instant, now: Instant);

    /// Every end is told before whoever ends the session knows that it is, by a store that goes by
    /// the node's own clock, and that begins anew where anybody else has changed something.
    fn always_caught_up(&self);
}
