//! Touches that are yet to be written.

use std::{collections::BTreeSet, time::Duration};

use dwell_session::Instant;
use rustc_hash::FxHashMap;

use crate::store::SessionKey;

/// The last touch of each session that the store does not know of.
#[derive(Debug)]
pub(super) struct PendingTouches {
    /// How long after the last activity in the store the next touch is to be written.
    write_after: Duration,
    by_session: FxHashMap<SessionKey, PendingTouch>,
    by_due: BTreeSet<(Instant, SessionKey)>,
}

#[derive(Debug, Clone, Copy)]
struct PendingTouch {
    at: Instant,
    due_at: Instant,
}

impl PendingTouches {
    pub(super) fn new(write_after: Duration) -> Self {
        Self {
            write_after,
            by_session: FxHashMap::default(),
            by_due: BTreeSet::new(),
        }
    }

    pub(super) fn get(&self, key: SessionKey) -> Option<Instant> {
        self.by_session.get(&key).map(|touch| touch.at)
    }

    /// Defers a touch of a session whose last activity in the store is `stored_at`.
    pub(super) fn defer(&mut self, key: SessionKey, at: Instant, stored_at: Instant) {
        match self.by_session.get_mut(&key) {
            Some(touch) => touch.at = touch.at.max(at),
            None => self.insert(key, at, stored_at + self.write_after),
        }
    }

    /// The sessions whose touches are due by `now`, and at most `limit` of them.
    pub(super) fn due(&self, now: Instant, limit: usize) -> Vec<SessionKey> {
        let due = self.by_due.iter().take_while(|(due, _)| *due <= now);
        due.take(limit).map(|(_, key)| *key).collect()
    }

    /// A touch of the session at `at` is in the store.
    pub(super) fn written(&mut self, key: SessionKey, at: Instant) {
        if let Some(touch) = self.remove(key)
            && touch.at > at
        {
            self.insert(key, touch.at, at + self.write_after);
        }
    }

    /// The session has ended.
    pub(super) fn forget(&mut self, key: SessionKey) {
        self.remove(key);
    }

    fn insert(&mut self, key: SessionKey, at: Instant, due_at: Instant) {
        self.by_session.insert(key, PendingTouch { at, due_at });
        self.by_due.insert((due_at, key));
    }

    fn remove(&mut self, key: SessionKey) -> Option<PendingTouch> {
        let touch = self.by_session.remove(&key)?;
        self.by_due.remove(&(touch.due_at, key));
        Some(touch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SessionId;

    const WRITE_AFTER: Duration = Duration::from_secs(30);
    const ALL: usize = usize::MAX;

    fn key() -> SessionKey {
        SessionKey::of(&SessionId::default())
    }

    fn at(secs: i64) -> Instant {
        Instant::from_millis(secs * 1_000)
    }

    #[test]
    fn the_latest_touch_is_due_once_the_stores_is_old_enough() {
        let mut pending = PendingTouches::new(WRITE_AFTER);
        let key = key();
        pending.defer(key, at(20), at(0));
        pending.defer(key, at(10), at(0));
        pending.defer(key, at(25), at(0));
        assert_eq!(pending.due(at(29), ALL), []);
        assert_eq!(pending.due(at(30), ALL), [key]);
        assert_eq!(pending.get(key), Some(at(25)));
    }

    #[test]
    fn all_are_written_in_the_end_and_no_more_at_a_time_than_asked_for() {
        let mut pending = PendingTouches::new(WRITE_AFTER);
        for _ in 0..1_000 {
            pending.defer(key(), at(20), at(0));
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
    fn what_is_not_known_to_be_written_stays() {
        let mut pending = PendingTouches::new(WRITE_AFTER);
        let key = key();
        pending.defer(key, at(20), at(0));
        assert_eq!(pending.due(at(30), ALL), pending.due(at(30), ALL));
        pending.defer(key, at(31), at(0));
        pending.written(key, at(20));
        assert_eq!(pending.get(key), Some(at(31)));
        assert_eq!(pending.due(at(49), ALL), []);
        assert_eq!(pending.due(at(50), ALL), [key]);
        pending.written(key, at(31));
        assert_eq!(pending.get(key), None);
        assert_eq!(pending.due(at(1_000), ALL), []);
    }

    #[test]
    fn nothing_is_kept_of_a_session_that_has_ended() {
        let mut pending = PendingTouches::new(WRITE_AFTER);
        let key = key();
        pending.defer(key, at(20), at(0));
        pending.forget(key);
        assert_eq!(pending.due(at(1_000), ALL), []);
        assert!(pending.by_session.is_empty() && pending.by_due.is_empty());
    }
}
