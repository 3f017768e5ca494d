//! The live sessions that this node has seen, so that a request need not ask the store.
//!
//! What the index says of a session is never later than the truth: it knows every touch of this
//! node, and those of others from when it last asked. That a session has ended is for the store to
//! say; that it lives, the index says itself while the store tells it of every end.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use dwell_session::{Generation, Instant, Lifetime, Policy};
use rustc_hash::FxHashMap;

use super::LiveSession;
use crate::{
    account_id::AccountId,
    clock::Clock,
    store::{Listener, Session, SessionKey},
};

/// The longest time after which a node may still serve a session that another node has ended
/// (`C2`). Where the store has told nothing for as long, it is asked at every request.
pub const STALENESS: Duration = Duration::from_secs(1);

const SHARDS: usize = 64;

#[derive(Debug)]
pub(super) struct Index {
    policy: Policy,
    clock: Arc<dyn Clock>,
    hearing: Hearing,
    shards: [Mutex<Shard>; SHARDS],
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

    fn store_time(&self, now: Instant) -> Instant {
        let ahead_ms = self.ahead_ms.load(Ordering::Relaxed);
        Instant::from_millis(now.as_millis().saturating_add(ahead_ms))
    }
}

#[derive(Debug, Default)]
struct Shard {
    entries: FxHashMap<SessionKey, Entry>,
    /// How often something has ended here: what was asked before is not to be learnt after.
    ends: u64,
}

#[derive(Debug)]
struct Entry {
    account: AccountId,
    generation: Generation,
    lifetime: Lifetime,
    stored_last_active_at: Instant,
}

/// Taken before the store is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    ends: u64,
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
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// The session with this key, if it lives for sure.
    pub(super) fn look_up(&self, key: SessionKey) -> Option<LiveSession> {
        let now = self.now()?;
        let shard = self.shard(key);
        let entry = shard.entries.get(&key)?;
        let has_ended = entry.lifetime.ended(&self.policy, now).is_some();
        (!has_ended).then_some(LiveSession {
            session: Session {
                key,
                account: entry.account,
                generation: entry.generation,
                lifetime: entry.lifetime,
            },
            now,
            stored_last_active_at: entry.stored_last_active_at,
        })
    }

    pub(super) fn ticket(&self, key: SessionKey) -> Ticket {
        let ends = self.shard(key).ends;
        Ticket { ends }
    }

    /// Learns what the store has answered, if nothing has ended since `ticket` was taken.
    pub(super) fn learn(&self, ticket: Ticket, live: &LiveSession) {
        if self.now().is_none() {
            return;
        }
        let session = &live.session;
        let mut shard = self.shard(session.key);
        if shard.ends != ticket.ends {
            return;
        }
        let entry = shard.entries.entry(session.key).or_insert(Entry {
            account: session.account,
            generation: session.generation,
            lifetime: session.lifetime,
            stored_last_active_at: live.stored_last_active_at,
        });
        entry.see(session.lifetime);
        entry.see_stored(live.stored_last_active_at);
    }

    /// The session has been touched on this node.
    pub(super) fn touched(&self, key: SessionKey, lifetime: Lifetime) {
        if let Some(entry) = self.shard(key).entries.get_mut(&key) {
            entry.see(lifetime);
        }
    }

    /// The store knows of a touch at `at`.
    pub(super) fn stored(&self, key: SessionKey, at: Instant) {
        if let Some(entry) = self.shard(key).entries.get_mut(&key) {
            entry.see_stored(at);
        }
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
        let local = self.clock.now();
        let is_heard = self
            .hearing
            .staleness(local)
            .is_some_and(|staleness| staleness < STALENESS);
        is_heard.then(|| self.hearing.store_time(local))
    }

    fn shard(&self, key: SessionKey) -> MutexGuard<'_, Shard> {
        lock(&self.shards[key.spread(SHARDS)])
    }
}

impl Listener for Index {
    fn time(&self) -> Instant {
        self.clock.now()
    }

    fn begin(&self) {
        self.lose();
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.entries.clear();
            shard.ends += 1;
        }
    }

    fn ended(&self, key: SessionKey) {
        let mut shard = self.shard(key);
        shard.entries.remove(&key);
        shard.ends += 1;
    }

    fn caught_up(&self, asked_at: Instant, now: Instant) {
        let ahead_ms = now.as_millis().saturating_sub(asked_at.as_millis());
        self.hearing.set(asked_at.as_millis(), ahead_ms);
    }

    fn always_caught_up(&self) {
        self.hearing.set(Hearing::EVERYTHING, 0);
    }
}

impl Entry {
    fn see(&mut self, lifetime: Lifetime) {
        if lifetime.last_active_at() > self.lifetime.last_active_at() {
            self.lifetime = lifetime;
        }
    }

    fn see_stored(&mut self, at: Instant) {
        self.stored_last_active_at = self.stored_last_active_at.max(at);
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use dwell_session::{Checks, Limits};

    use super::*;
    use crate::{account_id::AccountId, clock::ManualClock, store::SessionId};

    const MS: Duration = Duration::from_millis(1);
    /// What the node's clock is ahead of the store's.
    const AHEAD: Duration = Duration::from_secs(600);

    struct Node {
        clock: Arc<ManualClock>,
        index: Index,
    }

    impl Node {
        fn new() -> Self {
            let clock = Arc::new(ManualClock::at(Instant::from_millis(1_700_000_000_000)));
            let policy = Policy::new(Limits::default(), None, Checks::Enforce).unwrap();
            let index = Index::new(policy, clock.clone());
            index.begin();
            Self { clock, index }
        }

        /// One that hears its store.
        fn that_hears() -> Self {
            let node = Self::new();
            node.beat();
            node
        }

        fn beat(&self) {
            self.index.caught_up(self.clock.now(), self.store_now());
        }

        fn store_now(&self) -> Instant {
            self.clock.now() - AHEAD
        }

        /// A session that the store has just told of, which is in the index.
        fn session(&self) -> LiveSession {
            let live = self.live();
            let ticket = self.index.ticket(live.session.key);
            self.index.learn(ticket, &live);
            live
        }

        fn live(&self) -> LiveSession {
            let now = self.store_now();
            LiveSession {
                session: Session {
                    key: SessionKey::of(&SessionId::default()),
                    account: AccountId::stored(1),
                    generation: Generation::from_random(2),
                    lifetime: Lifetime::begin(now),
                },
                now,
                stored_last_active_at: now,
            }
        }

        fn knows(&self, live: &LiveSession) -> bool {
            self.index.look_up(live.session.key).is_some()
        }
    }

    // C2
    #[test]
    fn nothing_is_served_unasked_once_the_store_has_not_been_heard_for_the_bound() {
        let node = Node::that_hears();
        let live = node.session();
        node.clock.advance(STALENESS - MS);
        assert!(node.knows(&live));
        node.clock.advance(MS);
        assert!(!node.knows(&live));
        node.beat();
        assert!(node.knows(&live));
    }

    // C2
    #[test]
    fn what_was_known_before_the_store_was_lost_is_not_known_afterwards() {
        let node = Node::that_hears();
        let live = node.session();
        node.index.lose();
        assert!(!node.knows(&live));
        node.index.begin();
        node.beat();
        assert!(!node.knows(&live));
    }

    #[test]
    fn nothing_is_learnt_while_the_store_is_not_heard() {
        let node = Node::new();
        let live = node.session();
        node.beat();
        assert!(!node.knows(&live));
    }

    // C2
    #[test]
    fn an_answer_from_before_an_end_is_not_learnt_after_it() {
        let node = Node::that_hears();
        let live = node.live();
        let ticket = node.index.ticket(live.session.key);
        node.index.ended(live.session.key);
        node.index.learn(ticket, &live);
        assert!(!node.knows(&live));

        let ticket = node.index.ticket(live.session.key);
        node.index.begin();
        node.beat();
        node.index.learn(ticket, &live);
        assert!(!node.knows(&live));
    }

    // A1, A2
    #[test]
    fn time_is_told_by_the_stores_clock() {
        let node = Node::that_hears();
        let live = node.session();
        let policy = node.index.policy;
        node.clock.advance(policy.idle() - MS);
        node.beat();
        let seen = node.index.look_up(live.session.key).unwrap();
        assert_eq!(seen.now, live.now + policy.idle() - MS);
        node.clock.advance(MS);
        assert!(!node.knows(&live), "between two beats, too");
    }

    // A3
    #[test]
    fn an_older_answer_takes_no_activity_back() {
        let node = Node::that_hears();
        let live = node.session();
        let key = live.session.key;
        node.clock.advance(500 * MS);
        let now = node.store_now();
        let ticket = node.index.ticket(key);
        let touched = live.session.lifetime.touched(&node.index.policy, now, now);
        node.index.touched(key, touched.unwrap());
        node.index.stored(key, now - MS);
        node.index.learn(ticket, &live);
        let seen = node.index.look_up(key).unwrap();
        assert_eq!(seen.session.lifetime.last_active_at(), now);
        assert_eq!(seen.stored_last_active_at, now - MS);
    }

    #[test]
    fn how_stale_it_is_is_how_long_ago_the_store_was_asked() {
        let node = Node::new();
        assert_eq!(node.index.staleness(), None);
        node.beat();
        node.clock.advance(300 * MS);
        assert_eq!(node.index.staleness(), Some(300 * MS));
    }
}
