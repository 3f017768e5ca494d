//! How often a person may save.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use dwell_session::Instant;

use crate::account_id::AccountId;

/// How far apart the saves of a person are on average. A page saves once in three seconds.
const INTERVAL: Duration = Duration::from_millis(500);

/// How much of that may be used at once, as by many tabs that are closed together: 120 saves.
const AT_ONCE: Duration = Duration::from_secs(60);

/// Counts what each person saves on this node.
#[derive(Debug, Default)]
pub(super) struct Rate {
    /// Until when the saves so far would take, one in each interval.
    spent_until: Mutex<HashMap<AccountId, Instant>>,
}

impl Rate {
    /// Counts a save of `account`, unless it is one too many.
    pub(super) fn allows(&self, account: AccountId, now: Instant) -> bool {
        let mut spent_until = self
            .spent_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if spent_until.len() == spent_until.capacity() {
            spent_until.retain(|_, until| *until > now);
        }
        let until = spent_until.entry(account).or_insert(now);
        let next = (*until).max(now) + INTERVAL;
        let is_allowed = next.since(now) <= AT_ONCE;
        if is_allowed {
            *until = next;
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
        let [ada, grace] = [1, 2].map(AccountId::stored);
        let mut now = Instant::from_millis(1_000);
        for _ in 0..120 {
            assert!(rate.allows(ada, now));
        }
        assert!(!rate.allows(ada, now));
        assert!(rate.allows(grace, now));

        now = now + INTERVAL;
        assert!(rate.allows(ada, now));
        assert!(!rate.allows(ada, now));

        for _ in 0..3_600 / 3 {
            now = now + Duration::from_secs(3);
            assert!(
                rate.allows(ada, now),
                "a page that is typed into for an hour"
            );
        }
    }

    #[test]
    fn people_who_save_no_more_are_forgotten() {
        let rate = Rate::default();
        for id in 0..100_000 {
            assert!(rate.allows(AccountId::stored(id), Instant::from_millis(id * 1_000)));
        }
        assert!(rate.spent_until.lock().unwrap().len() < 100);
    }
}
