use dwell_session::{Checks, Generation, Limits};

use super::*;
use crate::{
    clock::ManualClock,
    store::{Session, SessionId, SessionLimits},
};

const MS: Duration = Duration::from_millis(1);
/// By how much the node's clock is ahead of the store's.
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

    /// A node to which the store reports ends.
    fn following_its_store() -> Self {
        let node = Self::new();
        node.beat();
        node
    }

    fn beat(&self) {
        self.index.caught_up(self.clock.now(), self.store_now());
    }

    /// A beat in which the store is asked about `key` and says that the session is live.
    fn beat_confirming(&self, key: SessionKey) {
        self.index.confirm(&[key], self.clock.now());
        self.beat();
    }

    fn store_now(&self) -> Instant {
        self.clock.now() - AHEAD
    }

    /// A session that is in the index, because the store has just been asked about it.
    fn session(&self) -> LiveSession {
        let live = self.live();
        let ticket = self.index.ticket(live.session.key);
        self.index.insert(ticket, &live);
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
fn the_index_does_not_answer_if_the_store_has_reported_nothing_for_too_long() {
    let node = Node::following_its_store();
    let live = node.session();
    node.clock.advance(STALENESS - MS);
    assert!(node.knows(&live));
    node.clock.advance(MS);
    assert!(!node.knows(&live));
    node.beat_confirming(live.session.key);
    assert!(node.knows(&live));
}

// C2
#[test]
fn the_index_forgets_its_sessions_when_the_store_stops_reporting() {
    let node = Node::following_its_store();
    let live = node.session();
    node.index.stop_answering();
    assert!(!node.knows(&live));
    node.index.begin();
    node.beat();
    assert!(!node.knows(&live));
}

#[test]
fn nothing_is_inserted_while_the_store_does_not_report() {
    let node = Node::new();
    let live = node.session();
    node.beat();
    assert!(!node.knows(&live));
}

// C2
#[test]
fn an_answer_from_before_an_end_is_not_inserted_after_it() {
    let node = Node::following_its_store();
    let live = node.live();
    let ticket = node.index.ticket(live.session.key);
    node.index.ended(live.session.key);
    node.index.insert(ticket, &live);
    assert!(!node.knows(&live));

    let ticket = node.index.ticket(live.session.key);
    node.index.begin();
    node.beat();
    node.index.insert(ticket, &live);
    assert!(!node.knows(&live));
}

// C1, C6
#[test]
fn the_index_does_not_answer_for_a_session_that_was_not_confirmed_recently() {
    let node = Node::following_its_store();
    let live = node.session();
    let key = live.session.key;
    node.clock.advance(STALENESS - MS);
    node.beat();
    assert!(node.knows(&live));
    node.beat_confirming(key);
    node.clock.advance(STALENESS - MS);
    node.beat();
    assert!(node.knows(&live));
    node.clock.advance(MS);
    node.beat();
    assert!(node.index.look_up(key).is_none());
    assert!(node.index.touch(key).is_none());
    let ticket = node.index.ticket(key);
    node.index.insert(ticket, &live);
    assert!(node.knows(&live));
}

// C1, C6
#[test]
fn a_confirmation_counts_from_when_the_store_was_asked() {
    let node = Node::following_its_store();
    let live = node.live();
    let ticket = node.index.ticket(live.session.key);
    node.clock.advance(STALENESS - MS);
    node.beat();
    node.index.insert(ticket, &live);
    assert!(node.knows(&live));
    node.clock.advance(MS);
    node.beat();
    assert!(!node.knows(&live));
}

#[test]
fn a_store_that_reports_every_end_at_once_is_not_asked_to_confirm() {
    let node = Node::new();
    node.index.always_caught_up();
    let live = node.session();
    node.clock.advance(2 * STALENESS);
    assert!(node.knows(&live));
    assert_eq!(node.index.take_served(), []);
    node.index.begin();
    node.index.always_caught_up();
    assert!(!node.knows(&live), "another process has written");
}

// A1, A2
#[test]
fn sessions_end_by_the_clock_of_the_store() {
    let node = Node::following_its_store();
    let live = node.session();
    let policy = node.index.policy;
    node.clock.advance(policy.idle() - MS);
    node.beat_confirming(live.session.key);
    let seen = node.index.look_up(live.session.key).unwrap();
    assert_eq!(seen.now, live.now + policy.idle() - MS);
    node.clock.advance(MS);
    assert!(
        !node.knows(&live),
        "the session also ends between two beats"
    );
}

// A3
#[test]
fn an_older_answer_does_not_undo_activity() {
    let node = Node::following_its_store();
    let live = node.session();
    let key = live.session.key;
    node.clock.advance(500 * MS);
    let now = node.store_now();
    let ticket = node.index.ticket(key);
    node.index.touch(key).unwrap();
    node.index.written(key, now - MS, now - MS);
    node.index.insert(ticket, &live);
    let seen = node.index.look_up(key).unwrap();
    assert_eq!(seen.session.lifetime.last_active_at(), now);
    assert_eq!(seen.stored_last_active_at, now - MS);
}

/// A session that was active just now by the store, and that is touched on this node twice, with a
/// second between.
fn touched_twice(node: &Node) -> (SessionKey, Instant) {
    let key = node.session().session.key;
    for _ in 0..2 {
        node.clock.advance(1_000 * MS);
        node.beat_confirming(key);
        assert!(node.index.touch(key).is_some());
    }
    (key, node.store_now())
}

fn all_due(node: &Node) -> Vec<(SessionKey, Instant)> {
    node.index.due(Instant::from_millis(i64::MAX), usize::MAX)
}

#[test]
fn the_store_is_asked_about_the_sessions_served_since_the_last_time() {
    let node = Node::following_its_store();
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
fn the_last_of_several_touches_is_written() {
    let node = Node::following_its_store();
    let (key, last) = touched_twice(&node);
    assert_eq!(node.index.pending(key), Some(last));
    assert_eq!(all_due(&node), [(key, last)]);
    node.index.written(key, last, last);
    assert_eq!(all_due(&node), []);
}

// A3
#[test]
fn a_touch_during_a_write_is_written_afterwards() {
    let node = Node::following_its_store();
    let (key, written) = touched_twice(&node);
    assert_eq!(all_due(&node), [(key, written)]);
    node.clock.advance(1_000 * MS);
    node.beat_confirming(key);
    node.index.touch(key).unwrap();
    node.index.written(key, written, written);
    assert_eq!(all_due(&node), [(key, written + 1_000 * MS)]);
    let now = node.store_now();
    node.index.written(key, now, now);
    node.clock.advance(1_000 * MS);
    node.beat_confirming(key);
    node.index.touch(key).unwrap();
    assert_eq!(all_due(&node), [(key, written + 2_000 * MS)]);
}

/// Otherwise every touch until then would be deferred.
#[test]
fn a_stored_instant_later_than_now_does_not_defer_touches() {
    let node = Node::following_its_store();
    let (key, last) = touched_twice(&node);
    let hour = Duration::from_secs(3_600);
    node.index.written(key, last, last + hour);
    node.clock.advance(node.index.policy.grace());
    node.beat_confirming(key);
    assert!(
        node.index.touch(key).is_none(),
        "the touch must be written at once"
    );
}

// A3
#[test]
fn pending_touches_survive_a_restart_of_the_reports() {
    let node = Node::following_its_store();
    let (key, last) = touched_twice(&node);
    node.index.begin();
    assert_eq!(all_due(&node), [(key, last)]);
}

#[test]
fn the_touches_of_an_ended_session_are_not_written() {
    let node = Node::following_its_store();
    let (key, _) = touched_twice(&node);
    node.index.ended(key);
    assert_eq!(all_due(&node), []);
}

#[test]
fn the_staleness_is_the_time_since_the_last_beat() {
    let node = Node::new();
    assert_eq!(node.index.staleness(), None);
    node.beat();
    node.clock.advance(300 * MS);
    assert_eq!(node.index.staleness(), Some(300 * MS));
}
