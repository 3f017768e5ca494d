//! How often a person may save.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use dwell_session::Instant;

use crate::PersonId;

/// The shortest time between the saves of a person, on average. A page saves every three seconds.
const INTERVAL: Duration = Duration::from_millis(500);

/// How much of that time may be used up in advance, as by many tabs that are closed together: that
/// of 120 saves.
const BURST: Duration = Duration::from_secs(60);

/// Limits how often each person saves on this node.
#[derive(Debug, Default)]
pub(super) struct Rate {
    /// When the saves so far would be over, at one per interval.
    spent_until: Mutex<HashMap<PersonId, Instant>>,
}

impl Rate {
    /// Counts a save of `person`, unless it is one too many. Returns whether it is not.
    pub(super) fn allows(&self, person: &PersonId, now: Instant) -> bool {
        let mut spent_until = self
            .spent_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if spent_until.len() == spent_until.capacity() {
            spent_until.retain(|_, until| *until > now);
        }
        let until = spent_until.get(person).map_or(now, |until| now.max(*until));
        let next = until + INTERVAL;
        let is_allowed = next.since(now) <= BURST;
        if is_allowed {
            spent_until.insert(person.clone(), next);
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_who_saves_too_often_waits_and_nobody_else_does() {
        let rate = Rate::default();
        let [ada, grace] = [1, 2].map(PersonId::from);
        let mut now = Instant::from_millis(1_000);
        for _ in 0..120 {
            assert!(rate.allows(&ada, now));
        }
        assert!(!rate.allows(&ada, now));
        assert!(rate.allows(&grace, now));

        now = now + INTERVAL;
        assert!(rate.allows(&ada, now));
        assert!(!rate.allows(&ada, now));

        for _ in 0..3_600 / 3 {
            now = now + Duration::from_secs(3);
            assert!(
                rate.allows(&ada, now),
                "a page that is typed into for an hour"
            );
        }
    }

    #[test]
    fn people_who_save_no_more_are_forgotten() {
        let rate = Rate::default();
        for id in 0..100_000_i64 {
            assert!(rate.allows(&PersonId::from(id), Instant::from_millis(id * 1_000)));
        }
        assert!(rate.spent_until.lock().unwrap().len() < 100);
    }
}
