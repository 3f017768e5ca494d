//! The live sessions that this node has seen, so that a request need not ask the store, and their
//! touches that are yet to be written.
//!
//! The deadline in the index is never later than the store's: the index knows every touch of this
//! node, and those of other nodes as of when the store was last asked. Only the store says that a
//! session has ended. The index says that a session lives, while the store reports every end to it.
//! What an operator does to a shared engine by hand may not be reported, so there the index answers
//! for a session only if the store has confirmed within [`STALENESS`] that it lives, and the store is
//! asked to confirm every session that is being served.

#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use dwell_session::{EndReason, Instant, Lifetime, Policy};

use super::{
    LiveSession,
    shard::{Shard, Tally, Terms, Ticket},
};
use crate::{
    clock::Clock,
    store::{Listener, SessionKey},
};

/// The longest time for which a node may still serve a session that another node or an operator has
/// ended (`C2`). Where the store has reported nothing for as long, it is asked at every request.
pub const STALENESS: Duration = Duration::from_secs(1);

const SHARDS: usize = 64;

#[derive(Debug)]
pub(super) struct Index {
    policy: Policy,
    clock: Arc<dyn Clock>,
    reported: Reported,
    shards: [Locked; SHARDS],
}

/// How far the store has reported ends. Read by every request, so it takes no lock.
#[derive(Debug)]
struct Reported {
    /// The instant, on the node's clock, before which every end has been reported.
    until: AtomicI64,
    /// By how much the store's clock is ahead of the node's, or a little more.
    ahead_ms: AtomicI64,
}

impl Reported {
    const NOTHING: i64 = i64::MIN;
    /// Every end at once.
    const EVERYTHING: i64 = i64::MAX;

    fn set(&self, until: i64, ahead_ms: i64) {
        self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        self.until.store(until, Ordering::Release);
    }

    /// How long ago the latest end may be that has not been reported; none where ends are not
    /// reported.
    fn staleness(&self, now: Instant) -> Option<Duration> {
        match self.until.load(Ordering::Acquire) {
            Self::NOTHING => None,
            Self::EVERYTHING => Some(Duration::ZERO),
            until => Some(now.since(Instant::from_millis(until))),
        }
    }

    /// What the index may answer by without asking the store; none where ends are not reported.
    fn terms(&self, now: Instant) -> Option<Terms> {
        if self.staleness(now)? >= STALENESS {
            return None;
        }
        let reports_everything = self.until.load(Ordering::Acquire) == Self::EVERYTHING;
        let ahead_ms = self.ahead_ms.load(Ordering::Relaxed);
        Some(Terms {
            now: Instant::from_millis(now.as_millis().saturating_add(ahead_ms)),
            confirmed_after: (!reports_everything).then(|| now - STALENESS),
        })
    }
}

/// On cache lines of its own: no request waits for what another has changed beside it.
#[derive(Debug)]
#[repr(align(64))]
struct Locked(Mutex<Shard>);

impl Locked {
    fn lock(&self) -> MutexGuard<'_, Shard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    pub(super) fn new(policy: Policy, clock: Arc<dyn Clock>) -> Self {
        Self {
            policy,
            clock,
            reported: Reported {
                until: AtomicI64::new(Reported::NOTHING),
                ahead_ms: AtomicI64::new(0),
            },
            shards: std::array::from_fn(|_| Locked(Mutex::new(Shard::new(policy)))),
        }
    }

    /// The session with this key, if it lives for sure.
    pub(super) fn look_up(&self, key: SessionKey) -> Option<LiveSession> {
        let terms = self.terms()?;
        self.shard(key).look_up(&self.policy, key, terms)
    }

    /// As [`look_up`](Self::look_up), of a session whose user does something now. None where that has
    /// to be written at once.
    pub(super) fn touch(&self, key: SessionKey) -> Option<LiveSession> {
        let terms = self.terms()?;
        self.shard(key).touch(&self.policy, key, terms)
    }

    /// Moves the last activity of `live` to `at` and defers the write, or returns why the session has
    /// ended. None where it has to be written at once.
    pub(super) fn defer(
        &self,
        live: &LiveSession,
        at: Instant,
    ) -> Option<Result<Lifetime, EndReason>> {
        let mut shard = self.shard(live.session.key);
        shard.defer(&self.policy, live, at)
    }

    /// The last touch of the session that is yet to be written.
    pub(super) fn pending(&self, key: SessionKey) -> Option<Instant> {
        self.shard(key).pending(key)
    }

    /// The touches that are due to be written by `now`, and at most `limit` of them.
    pub(super) fn due(&self, now: Instant, limit: usize) -> Vec<(SessionKey, Instant)> {
        let mut due = Vec::new();
        for shard in &self.shards {
            due.extend(shard.lock().due(now, limit - due.len()));
        }
        due
    }

    /// A touch at `at` has been written. The last activity in the store is `stored_at`.
    pub(super) fn written(&self, key: SessionKey, at: Instant, stored_at: Instant) {
        self.shard(key).written(key, at, stored_at);
    }

    /// Forgets a session that does not live, or may not live any more: the store is to be asked.
    pub(super) fn evict(&self, key: SessionKey) {
        self.shard(key).evict(key);
    }

    /// To be drawn before the store is asked about the session.
    pub(super) fn ticket(&self, key: SessionKey) -> Ticket {
        let asked_at = self.clock.now();
        self.shard(key).ticket(asked_at)
    }

    /// Enters what the store has answered, if nothing has ended since `ticket` was drawn.
    pub(super) fn learn(&self, ticket: Ticket, live: &LiveSession) {
        if self.now().is_some() {
            self.shard(live.session.key).learn(ticket, live);
        }
    }

    pub(super) fn take_tally(&self) -> Tally {
        let tallies = self.shards.iter().map(|shard| shard.lock().take_tally());
        tallies.fold(Tally::default(), |sum, tally| Tally {
            hits: sum.hits + tally.hits,
            deferred: sum.deferred + tally.deferred,
        })
    }

    /// The store does not report ends any more. What is known of its clock stays, since a lookup may
    /// be under way that has just found the reports to be recent.
    pub(super) fn lose(&self) {
        self.reported
            .until
            .store(Reported::NOTHING, Ordering::Release);
    }

    /// How long ago the latest end may be that has not been reported; none where ends are not
    /// reported.
    pub(super) fn staleness(&self) -> Option<Duration> {
        self.reported.staleness(self.clock.now())
    }

    /// The time on the store's clock, or later; none where the store reports nothing.
    pub(super) fn now(&self) -> Option<Instant> {
        Some(self.terms()?.now)
    }

    fn terms(&self) -> Option<Terms> {
        self.reported.terms(self.clock.now())
    }

    fn shard(&self, key: SessionKey) -> MutexGuard<'_, Shard> {
        self.shards[key.part(SHARDS)].lock()
    }
}

impl Listener for Index {
    fn time(&self) -> Instant {
        self.clock.now()
    }

    fn begin(&self) {
        self.lose();
        for shard in &self.shards {
            shard.lock().forget();
        }
    }

    fn ended(&self, key: SessionKey) {
        self.evict(key);
    }

    fn take_served(&self) -> Vec<SessionKey> {
        let shards = self.shards.iter();
        shards
            .flat_map(|shard| shard.lock().take_served())
            .collect()
    }

    fn confirm(&self, live: &[SessionKey], asked_at: Instant) {
        for key in live {
            self.shard(*key).confirm(*key, asked_at);
        }
    }

    fn caught_up(&self, asked_at: Instant, now: Instant) {
        let ahead_ms = now.as_millis().saturating_sub(asked_at.as_millis());
        self.reported.set(asked_at.as_millis(), ahead_ms);
    }

    fn always_caught_up(&self) {
        self.reported.set(Reported::EVERYTHING, 0);
    }
}
