//! The live sessions that this node has seen, so that a request need not ask the store, and their
//! touches that are yet to be written.
//!
//! What the index says of a session is never later than the truth: it knows every touch of this
//! node, and those of others from when it last asked. That a session has ended is for the store to
//! say; that it lives, the index says itself while the store tells it of every end. What an operator
//! does to a shared engine by hand may be told by nobody, so there the index speaks for a session
//! only if the store has confirmed within [`STALENESS`] that it lives, and the store is asked to
//! confirm every session that is being served.

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

#[cfg(test)]
mod tests {
    use dwell_session::{Checks, Generation, Limits};

    use super::*;
    use crate::{
        account_id::AccountId,
        clock::ManualClock,
        store::{Session, SessionId},
    };

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

        /// A beat in which the store has been asked about `key` and says that it lives.
        fn beat_for(&self, key: SessionKey) {
            self.index.confirm(&[key], self.clock.now());
            self.beat();
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
        node.beat_for(live.session.key);
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

    // C1, C6
    #[test]
    fn what_a_shared_store_has_not_confirmed_within_the_bound_is_not_served_unasked() {
        let node = Node::that_hears();
        let live = node.session();
        let key = live.session.key;
        node.clock.advance(STALENESS - MS);
        node.beat();
        assert!(node.knows(&live));
        node.beat_for(key);
        node.clock.advance(STALENESS - MS);
        node.beat();
        assert!(node.knows(&live));
        node.clock.advance(MS);
        node.beat();
        assert!(node.index.look_up(key).is_none());
        assert!(node.index.touch(key).is_none());
        let ticket = node.index.ticket(key);
        node.index.learn(ticket, &live);
        assert!(node.knows(&live));
    }

    // C1, C6
    #[test]
    fn a_confirmation_counts_from_when_the_store_was_asked() {
        let node = Node::that_hears();
        let live = node.live();
        let ticket = node.index.ticket(live.session.key);
        node.clock.advance(STALENESS - MS);
        node.beat();
        node.index.learn(ticket, &live);
        assert!(node.knows(&live));
        node.clock.advance(MS);
        node.beat();
        assert!(!node.knows(&live));
    }

    #[test]
    fn a_store_that_tells_everything_is_not_asked_to_confirm() {
        let node = Node::new();
        node.index.always_caught_up();
        let live = node.session();
        node.clock.advance(2 * STALENESS);
        assert!(node.knows(&live));
        assert_eq!(node.index.take_served(), []);
        node.index.begin();
        node.index.always_caught_up();
        assert!(!node.knows(&live), "somebody else has changed something");
    }

    // A1, A2
    #[test]
    fn time_is_told_by_the_stores_clock() {
        let node = Node::that_hears();
        let live = node.session();
        let policy = node.index.policy;
        node.clock.advance(policy.idle() - MS);
        node.beat_for(live.session.key);
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
        node.index.touch(key).unwrap();
        node.index.written(key, now - MS, now - MS);
        node.index.learn(ticket, &live);
        let seen = node.index.look_up(key).unwrap();
        assert_eq!(seen.session.lifetime.last_active_at(), now);
        assert_eq!(seen.stored_last_active_at, now - MS);
    }

    /// A session that the store knows to have been active just now, and that is touched on this
    /// node twice, a second apart.
    fn touched_twice(node: &Node) -> (SessionKey, Instant) {
        let key = node.session().session.key;
        for _ in 0..2 {
            node.clock.advance(1_000 * MS);
            node.beat_for(key);
            assert!(node.index.touch(key).is_some());
        }
        (key, node.store_now())
    }

    fn all_due(node: &Node) -> Vec<(SessionKey, Instant)> {
        node.index.due(Instant::from_millis(i64::MAX), usize::MAX)
    }

    #[test]
    fn the_store_is_asked_about_what_has_been_served_since_it_was_last_asked() {
        let node = Node::that_hears();
        let [served, touched, _idle] = [(); 3].map(|()| node.session().session.key);
        for _ in 0..2 {
            assert!(node.index.look_up(served).is_some());
            assert!(node.index.touch(touched).is_some());
        }
        let mut asked = node.index.take_served();
        asked.sort();
        let mut expected = vec![served, touched];
        expected.sort();
        assert_eq!(asked, expected);
        assert_eq!(node.index.take_served(), []);
        assert!(node.index.look_up(served).is_some());
        assert_eq!(node.index.take_served(), [served]);
    }

    // A3
    #[test]
    fn of_many_touches_the_last_is_written() {
        let node = Node::that_hears();
        let (key, last) = touched_twice(&node);
        assert_eq!(node.index.pending(key), Some(last));
        assert_eq!(all_due(&node), [(key, last)]);
        node.index.written(key, last, last);
        assert_eq!(all_due(&node), []);
    }

    // A3
    #[test]
    fn a_touch_that_comes_while_one_is_written_is_written_too() {
        let node = Node::that_hears();
        let (key, written) = touched_twice(&node);
        assert_eq!(all_due(&node), [(key, written)]);
        node.clock.advance(1_000 * MS);
        node.beat_for(key);
        node.index.touch(key).unwrap();
        node.index.written(key, written, written);
        assert_eq!(all_due(&node), [(key, written + 1_000 * MS)]);
        let now = node.store_now();
        node.index.written(key, now, now);
        node.clock.advance(1_000 * MS);
        node.beat_for(key);
        node.index.touch(key).unwrap();
        assert_eq!(all_due(&node), [(key, written + 2_000 * MS)]);
    }

    /// It would keep every touch back until then.
    #[test]
    fn what_the_store_has_later_than_now_is_not_believed() {
        let node = Node::that_hears();
        let (key, last) = touched_twice(&node);
        let hour = Duration::from_secs(3_600);
        node.index.written(key, last, last + hour);
        node.clock.advance(node.index.policy.grace());
        node.beat_for(key);
        assert!(node.index.touch(key).is_none(), "it is to be written");
    }

    // A3
    #[test]
    fn what_is_yet_to_be_written_outlasts_the_loss_of_the_store() {
        let node = Node::that_hears();
        let (key, last) = touched_twice(&node);
        node.index.begin();
        assert_eq!(all_due(&node), [(key, last)]);
    }

    #[test]
    fn nothing_is_written_of_a_session_that_has_ended() {
        let node = Node::that_hears();
        let (key, _) = touched_twice(&node);
        node.index.ended(key);
        assert_eq!(all_due(&node), []);
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
