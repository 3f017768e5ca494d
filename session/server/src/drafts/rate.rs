//! Limits how often a person may save drafts.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use dwell_session::Instant;

use crate::PersonId;

/// The shortest interval between two saves of a person, on average. A page saves every three
/// seconds.
const INTERVAL: Duration = Duration::from_millis(500);

/// How much of that time a person may use in advance, for example when many tabs are closed at
/// once. It is enough for 120 saves.
const BURST: Duration = Duration::from_secs(60);

/// Limits how often each person may save drafts on this node.
#[derive(Debug, Default)]
pub(super) struct RateLimiter {
    /// The time until which each person has used up their saves, at one per interval.
    used_until: Mutex<HashMap<PersonId, Instant>>,
}

impl RateLimiter {
    /// Returns whether `person` may save now, and counts the save if so.
    pub(super) fn allows(&self, person: &PersonId, now: Instant) -> bool {
        let mut used_until = self
            .used_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if used_until.len() == used_until.capacity() {
            used_until.retain(|_, until| *until > now);
        }
        let until = used_until.get(person).map_or(now, |until| now.max(*until));
        let next = until + INTERVAL;
        let is_allowed = next.since(now) <= BURST;
        if is_allowed {
            used_until.insert(person.clone(), next);
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_person_who_saves_too_often_has_to_wait() {
        let limiter = RateLimiter::default();
        let [ada, grace] = [1, 2].map(PersonId::from);
        let mut now = Instant::from_millis(1_000);
        for _ in 0..120 {
            assert!(limiter.allows(&ada, now));
        }
        assert!(!limiter.allows(&ada, now));
        assert!(limiter.allows(&grace, now));

        now = now + INTERVAL;
        assert!(limiter.allows(&ada, now));
        assert!(!limiter.allows(&ada, now));

        for _ in 0..3_600 / 3 {
            now = now + Duration::from_secs(3);
            assert!(
                limiter.allows(&ada, now),
                "somebody may type into a page for an hour"
            );
        }
    }

    #[test]
    fn people_who_stop_saving_are_forgotten() {
        let limiter = RateLimiter::default();
        for id in 0..100_000_i64 {
            assert!(limiter.allows(&PersonId::from(id), Instant::from_millis(id * 1_000)));
        }
        assert!(limiter.used_until.lock().unwrap().len() < 100);
    }
}
