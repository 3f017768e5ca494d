//! The live sessions that this node has seen, so that a request need not ask the store, and their
//! touches that are yet to be written.
//!
//! What the index says of a session is never later than the truth: it knows every touch of this
//! node, and those of others from when it last asked. That a session has ended is for the store to
//! say; that it lives, the index says itself while the store tells it of every end. What an operator
//! does to a shared engine by hand may be told by nobody, so there the index speaks for a session
//! only if the store has confirmed within [`STALENESS`] that it lives, and the store is asked to
//! confirm every session that is being served.

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
    shard::{Glance, Shard, Tally, Ticket},
};
use crate::{
    clock::Clock,
    store::{Listener, SessionKey},
};

/// The longest time after which a node may still serve a session that another node or an operator
/// has ended (`C2`). Where the store has told nothing for as long, it is asked at every request.
pub const STALENESS: Duration = Duration::from_secs(1);

const SHARDS: usize = 64;

#[derive(Debug)]
pub(super) struct Index {
    policy: Policy,
    clock: Arc<dyn Clock>,
    hearing: Hearing,
    shards: [Locked; SHARDS],
}

/// How much is heard from the store. Read by every request, so it takes no lock.
#[derive(Debug)]
struct Hearing {
    /// The instant, on the node's clock, before which every end has been told.
    until: AtomicI64,
    /// What the store's clock is ahead of the node's, or a little more.
    ahead_ms: AtomicI64,
}

impl Hearing {
    const NOTHING: i64 = i64::MIN;
    /// Every end at once.
    const EVERYTHING: i64 = i64::MAX;

    fn set(&self, until: i64, ahead_ms: i64) {
        self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        self.until.store(until, Ordering::Release);
    }

    /// How long ago the latest end may be that has not been told; nothing where none is told.
    fn staleness(&self, now: Instant) -> Option<Duration> {
        match self.until.load(Ordering::Acquire) {
            Self::NOTHING => None,
            Self::EVERYTHING => Some(Duration::ZERO),
            until => Some(now.since(Instant::from_millis(until))),
        }
    }

    /// What may be told without asking the store; nothing where it is not heard.
    fn glance(&self, now: Instant) -> Option<Glance> {
        if self.staleness(now)? >= STALENESS {
            return None;
        }
        let tells_everything = self.until.load(Ordering::Acquire) == Self::EVERYTHING;
        let ahead_ms = self.ahead_ms.load(Ordering::Relaxed);
        Some(Glance {
            now: Instant::from_millis(now.as_millis().saturating_add(ahead_ms)),
            confirmed_after: (!tells_everything).then(|| now - STALENESS),
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
            hearing: Hearing {
                until: AtomicI64::new(Hearing::NOTHING),
                ahead_ms: AtomicI64::new(0),
            },
            shards: std::array::from_fn(|_| Locked(Mutex::new(Shard::new(policy.write_after())))),
        }
    }

    /// The session with this key, if it lives for sure.
    pub(super) fn look_up(&self, key: SessionKey) -> Option<LiveSession> {
        let glance = self.glance()?;
        self.shard(key).look_up(&self.policy, key, glance)
    }

    /// As [`look_up`](Self::look_up), of a session whose user does something now. Nothing, if the
    /// store has to be told at once.
    pub(super) fn touch(&self, key: SessionKey) -> Option<LiveSession> {
        let glance = self.glance()?;
        self.shard(key).touch(&self.policy, key, glance)
    }

    /// Moves the last activity of `live` to `at`, or tells why it has ended. Nothing, if the store
    /// has to be told at once.
    pub(super) fn keep_back(
        &self,
        live: &LiveSession,
        at: Instant,
    ) -> Option<Result<Lifetime, EndReason>> {
        let mut shard = self.shard(live.session.key);
        shard.keep_back(&self.policy, live, at)
    }

    /// The last touch of the session that is yet to be written.
    pub(super) fn pending(&self, key: SessionKey) -> Option<Instant> {
        self.shard(key).pending(key)
    }

    /// The touches that are due to be written by `now`, and at most `most` of them.
    pub(super) fn due(&self, now: Instant, most: usize) -> Vec<(SessionKey, Instant)> {
        let mut due = Vec::new();
        for shard in &self.shards {
            due.extend(shard.lock().due(now, most - due.len()));
        }
        due
    }

    /// A touch at `at` has been written: the store's last is now from `stored_at`.
    pub(super) fn written(&self, key: SessionKey, at: Instant, stored_at: Instant) {
        self.shard(key).written(key, at, stored_at);
    }

    /// The session does not live, or may not any more: the store is to be asked.
    pub(super) fn evict(&self, key: SessionKey) {
        self.shard(key).evict(key);
    }

    /// To be taken before the store is asked about the session.
    pub(super) fn ticket(&self, key: SessionKey) -> Ticket {
        let asked_at = self.clock.now();
        self.shard(key).ticket(asked_at)
    }

    /// Learns what the store has answered, if nothing has ended since `ticket` was taken.
    pub(super) fn learn(&self, ticket: Ticket, live: &LiveSession) {
        if self.now().is_some() {
            self.shard(live.session.key).learn(ticket, live);
        }
    }

    pub(super) fn take_tally(&self) -> Tally {
        let tallies = self.shards.iter().map(|shard| shard.lock().take_tally());
        tallies.fold(Tally::default(), |sum, tally| Tally {
            known: sum.known + tally.known,
            kept_back: sum.kept_back + tally.kept_back,
        })
    }

    /// Nothing is heard from the store any more.
    pub(super) fn lose(&self) {
        self.hearing.set(Hearing::NOTHING, 0);
    }

    /// How long ago the latest end may be that has not been told. Nothing, where no end is told.
    pub(super) fn staleness(&self) -> Option<Duration> {
        self.hearing.staleness(self.clock.now())
    }

    /// The time on the store's clock, or later; nothing where the store has not been heard.
    pub(super) fn now(&self) -> Option<Instant> {
        Some(self.glance()?.now)
    }

    fn glance(&self) -> Option<Glance> {
        self.hearing.glance(self.clock.now())
    }

    fn shard(&self, key: SessionKey) -> MutexGuard<'_, Shard> {
        self.shards[key.spread(SHARDS)].lock()
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
        self.hearing.set(asked_at.as_millis(), ahead_ms);
    }

    fn always_caught_up(&self) {
        self.hearing.set(Hearing::EVERYTHING, 0);
    }
}
