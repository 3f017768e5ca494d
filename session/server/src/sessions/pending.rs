//! The touches that have been deferred and not written yet.

use std::collections::BTreeSet;

use dwell_session::{DeferredTouch, Instant, Policy};
use rustc_hash::FxHashMap;

use crate::store::SessionKey;

/// The last touch of each session, as far as the store does not know it.
#[derive(Debug)]
pub(super) struct PendingTouches {
    policy: Policy,
    by_session: FxHashMap<SessionKey, DeferredTouch>,
    by_due: BTreeSet<(Instant, SessionKey)>,
}

impl PendingTouches {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            policy,
            by_session: FxHashMap::default(),
            by_due: BTreeSet::new(),
        }
    }

    pub(super) fn get(&self, key: SessionKey) -> Option<Instant> {
        self.by_session.get(&key).map(DeferredTouch::at)
    }

    pub(super) fn defer(&mut self, key: SessionKey, touch: DeferredTouch) {
        match self.by_session.get_mut(&key) {
            Some(pending) => *pending = pending.coalesced_with(touch.at()),
            None => self.insert(key, touch),
        }
    }

    /// The sessions whose touches are due by `now`, but at most `limit` of them.
    pub(super) fn due(&self, now: Instant, limit: usize) -> Vec<SessionKey> {
        let due = self.by_due.iter().take_while(|(due, _)| *due <= now);
        due.take(limit).map(|(_, key)| *key).collect()
    }

    /// Records that a touch of the session at `at` is in the store.
    pub(super) fn written(&mut self, key: SessionKey, at: Instant) {
        let touch = self.remove(key);
        if let Some(remaining) = touch.and_then(|touch| touch.after_write(&self.policy, at)) {
            self.insert(key, remaining);
        }
    }

    /// Forgets the touch of a session that has ended.
    pub(super) fn forget(&mut self, key: SessionKey) {
        self.remove(key);
    }

    fn insert(&mut self, key: SessionKey, touch: DeferredTouch) {
        self.by_session.insert(key, touch);
        self.by_due.insert((touch.due_at(), key));
    }

    fn remove(&mut self, key: SessionKey) -> Option<DeferredTouch> {
        let touch = self.by_session.remove(&key)?;
        self.by_due.remove(&(touch.due_at(), key));
        Some(touch)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dwell_session::{Checks, Limits};

    use super::*;
    use crate::store::SessionId;

    const ALL: usize = usize::MAX;

    /// Touches are due 30 s after the last activity in the store.
    fn policy() -> Policy {
        let limits = Limits {
            idle: Duration::from_secs(30 * 60),
            absolute: Duration::from_secs(12 * 60 * 60),
            warning: Duration::from_secs(120),
            grace: Duration::from_secs(60),
        };
        Policy::new(limits, None, Checks::Warn).unwrap()
    }

    fn pending() -> PendingTouches {
        PendingTouches::new(policy())
    }

    fn key() -> SessionKey {
        SessionKey::of(&SessionId::default())
    }

    fn at(secs: i64) -> Instant {
        Instant::from_millis(secs * 1_000)
    }

    #[test]
    fn the_latest_touch_is_due_when_the_stored_one_is_old_enough() {
        let mut pending = pending();
        let key = key();
        pending.defer(key, policy().deferred(at(20), at(0)));
        pending.defer(key, policy().deferred(at(10), at(0)));
        pending.defer(key, policy().deferred(at(25), at(0)));
        assert_eq!(pending.due(at(29), ALL), []);
        assert_eq!(pending.due(at(30), ALL), [key]);
        assert_eq!(pending.get(key), Some(at(25)));
    }

    #[test]
    fn all_touches_are_written_in_batches_of_limited_size() {
        let mut pending = pending();
        for _ in 0..1_000 {
            pending.defer(key(), policy().deferred(at(20), at(0)));
        }
        let mut written = 0;
        loop {
            let due = pending.due(at(100), 300);
            assert!(due.len() <= 300);
            written += due.len();
            match due.is_empty() {
                true => break,
                false => due.iter().for_each(|key| pending.written(*key, at(20))),
            }
        }
        assert_eq!(written, 1_000);
    }

    #[test]
    fn a_touch_stays_pending_until_it_is_written() {
        let mut pending = pending();
        let key = key();
        pending.defer(key, policy().deferred(at(20), at(0)));
        assert_eq!(pending.due(at(30), ALL), pending.due(at(30), ALL));
        pending.defer(key, policy().deferred(at(31), at(0)));
        pending.written(key, at(20));
        assert_eq!(pending.get(key), Some(at(31)));
        assert_eq!(pending.due(at(49), ALL), []);
        assert_eq!(pending.due(at(50), ALL), [key]);
        pending.written(key, at(31));
        assert_eq!(pending.get(key), None);
        assert_eq!(pending.due(at(1_000), ALL), []);
    }

    #[test]
    fn the_touch_of_an_ended_session_is_forgotten() {
        let mut pending = pending();
        let key = key();
        pending.defer(key, policy().deferred(at(20), at(0)));
        pending.forget(key);
        assert_eq!(pending.due(at(1_000), ALL), []);
        assert!(pending.by_session.is_empty() && pending.by_due.is_empty());
    }
}
