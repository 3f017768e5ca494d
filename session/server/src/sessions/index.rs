//! The index of live sessions that this node has seen, so that most requests need not ask the
//! store, and of their touches that have not been written yet.
//!
//! The deadline in the index is never later than that in the store: the index knows every touch on
//! this node, and the touches on other nodes up to when the store was last asked. Only the store
//! says that a session has ended. The index may say that a session is live while the store reports
//! every end to it. What an operator changes in a shared engine by hand is not reported, so there
//! the index answers for a session only if the store has confirmed within [`STALENESS`] that it is
//! live, and the store is asked to confirm all sessions that are being served.

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
    shard::{Counters, LookupConditions, Shard, Ticket},
};
use crate::{
    clock::Clock,
    store::{Listener, SessionKey},
};

/// The longest time for which a node may still serve a session that another node or an operator has
/// ended (`C2`): 1 second. If the store has not reported ends for this long, it is asked on every
/// request.
pub const STALENESS: Duration = Duration::from_secs(1);

const SHARDS: usize = 64;

#[derive(Debug)]
pub(super) struct Index {
    policy: Policy,
    clock: Arc<dyn Clock>,
    reports: Reports,
    shards: [PaddedShard; SHARDS],
}

/// How far the store has reported ends. Every request reads this, so it uses no lock.
#[derive(Debug)]
struct Reports {
    /// The instant, by the node's clock, before which every end has been reported, or one of the
    /// two constants.
    until: AtomicI64,
    /// By how much the store's clock is ahead of the node's, in milliseconds. It may be a little
    /// too large.
    ahead_ms: AtomicI64,
}

impl Reports {
    /// The store does not report ends.
    const NOTHING: i64 = i64::MIN;
    /// The store reports every end at once.
    const EVERYTHING: i64 = i64::MAX;

    fn set(&self, until: i64, ahead_ms: i64) {
        self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        self.until.store(until, Ordering::Release);
    }

    /// How far the reports may be behind: every end that was longer ago has been reported. `None`
    /// if ends are not reported.
    fn staleness(&self, now: Instant) -> Option<Duration> {
        match self.until.load(Ordering::Acquire) {
            Self::NOTHING => None,
            Self::EVERYTHING => Some(Duration::ZERO),
            until => Some(now.since(Instant::from_millis(until))),
        }
    }

    /// The conditions under which the index may answer without asking the store. `None` if it must
    /// not answer.
    fn conditions(&self, now: Instant) -> Option<LookupConditions> {
        if self.staleness(now)? >= STALENESS {
            return None;
        }
        let reports_everything = self.until.load(Ordering::Acquire) == Self::EVERYTHING;
        let ahead_ms = self.ahead_ms.load(Ordering::Relaxed);
        Some(LookupConditions {
            now: Instant::from_millis(now.as_millis().saturating_add(ahead_ms)),
            confirmed_after: (!reports_everything).then(|| now - STALENESS),
        })
    }
}

/// A shard, on cache lines of its own, so that requests on different processors do not slow each
/// other down by changing neighbouring shards.
#[derive(Debug)]
#[repr(align(64))]
struct PaddedShard(Mutex<Shard>);

impl PaddedShard {
    fn lock(&self) -> MutexGuard<'_, Shard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    pub(super) fn new(policy: Policy, clock: Arc<dyn Clock>) -> Self {
        Self {
            policy,
            clock,
            reports: Reports {
                until: AtomicI64::new(Reports::NOTHING),
                ahead_ms: AtomicI64::new(0),
            },
            shards: std::array::from_fn(|_| PaddedShard(Mutex::new(Shard::new(policy)))),
        }
    }

    /// Returns the session with this key, if it is certain that it is live.
    pub(super) fn look_up(&self, key: SessionKey) -> Option<LiveSession> {
        let conditions = self.conditions()?;
        self.shard(key).look_up(&self.policy, key, conditions)
    }

    /// Returns the session like [`look_up`](Self::look_up), and touches it now. Returns `None` if
    /// the touch has to be written at once.
    pub(super) fn touch(&self, key: SessionKey) -> Option<LiveSession> {
        let conditions = self.conditions()?;
        self.shard(key).touch(&self.policy, key, conditions)
    }

    /// Moves the last activity of `live` to `at` and defers the write, or returns why the session
    /// has ended. Returns `None` if the touch has to be written at once.
    pub(super) fn defer(
        &self,
        live: &LiveSession,
        at: Instant,
    ) -> Option<Result<Lifetime, EndReason>> {
        let mut shard = self.shard(live.session.key);
        shard.defer(&self.policy, live, at)
    }

    /// The last touch of the session, if it has not been written yet.
    pub(super) fn pending(&self, key: SessionKey) -> Option<Instant> {
        self.shard(key).pending(key)
    }

    /// The touches that are due to be written by `now`, but at most `limit` of them.
    pub(super) fn due(&self, now: Instant, limit: usize) -> Vec<(SessionKey, Instant)> {
        let mut due = Vec::new();
        for shard in &self.shards {
            due.extend(shard.lock().due(now, limit - due.len()));
        }
        due
    }

    /// Records that a touch at `at` has been written. The last activity in the store is
    /// `stored_at`.
    pub(super) fn written(&self, key: SessionKey, at: Instant, stored_at: Instant) {
        self.shard(key).written(key, at, stored_at);
    }

    /// Forgets a session that is not live, or may not be live any more, so that the store is asked
    /// about it.
    pub(super) fn evict(&self, key: SessionKey) {
        self.shard(key).evict(key);
    }

    /// Issues a ticket, which is needed before the store is asked about the session.
    pub(super) fn ticket(&self, key: SessionKey) -> Ticket {
        let asked_at = self.clock.now();
        self.shard(key).ticket(asked_at)
    }

    /// Inserts what the store has answered, if no session has ended since `ticket` was issued.
    pub(super) fn insert(&self, ticket: Ticket, live: &LiveSession) {
        if self.now().is_some() {
            self.shard(live.session.key).insert(ticket, live);
        }
    }

    pub(super) fn take_counters(&self) -> Counters {
        let counters = self.shards.iter().map(|shard| shard.lock().take_counters());
        counters.fold(Counters::default(), |sum, counters| Counters {
            hits: sum.hits + counters.hits,
            deferred: sum.deferred + counters.deferred,
        })
    }

    /// Stops answering, because the store no longer reports ends. The difference between the clocks
    /// is kept, because another thread may have checked the reports just before and read the
    /// difference after this.
    pub(super) fn stop_answering(&self) {
        self.reports
            .until
            .store(Reports::NOTHING, Ordering::Release);
    }

    /// How far the reports may be behind: every end that was longer ago has been reported. `None`
    /// if ends are not reported.
    pub(super) fn staleness(&self) -> Option<Duration> {
        self.reports.staleness(self.clock.now())
    }

    /// The time by the store's clock, or a little later. `None` if the store does not report ends.
    pub(super) fn now(&self) -> Option<Instant> {
        Some(self.conditions()?.now)
    }

    fn conditions(&self) -> Option<LookupConditions> {
        self.reports.conditions(self.clock.now())
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
        self.stop_answering();
        for shard in &self.shards {
            shard.lock().clear();
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
        self.reports.set(asked_at.as_millis(), ahead_ms);
    }

    fn always_caught_up(&self) {
        self.reports.set(Reports::EVERYTHING, 0);
    }
}
