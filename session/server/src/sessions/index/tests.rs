use dwell_session::{Checks, Generation, Limits};

use super::*;
use crate::{
    clock::ManualClock,
    store::{Session, SessionId, SessionLimits},
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
                person: 1.into(),
                generation: Generation::from_random(2),
                lifetime: Lifetime::begin(now),
                limits: SessionLimits {
                    idle: Duration::MAX,
                    absolute: Duration::MAX,
                },
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
