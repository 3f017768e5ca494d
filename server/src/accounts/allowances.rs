//! How many attempts each of many names has, in a memory that never grows.

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    sync::atomic::{AtomicI64, Ordering::SeqCst},
    time::Duration,
};

use dwell::Instant;

/// How many names there is room for before two share what they have. Which two do cannot be known
/// from outside.
const PLACES: usize = 1 << 16;

/// So many attempts at once, and one more after each interval.
#[derive(Debug)]
pub(super) struct Allowances {
    at_once: u32,
    interval: Duration,
    /// For each place the instant, in milliseconds, from which on it has all its attempts again.
    places: Box<[AtomicI64]>,
    hasher: RandomState,
}

/// An attempt that may be made. It counts until it is given back.
#[derive(Debug)]
pub(super) struct Taken<'allowances> {
    allowances: &'allowances Allowances,
    place: &'allowances AtomicI64,
    /// Whether there is none left after it.
    pub(super) is_last: bool,
}

impl Allowances {
    pub(super) fn new(at_once: u32, interval: Duration) -> Self {
        Self {
            at_once,
            interval,
            places: (0..PLACES).map(|_| AtomicI64::new(i64::MIN)).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Takes one of the attempts of `name`, or tells how long until there is one.
    pub(super) fn take(&self, name: impl Hash, now: Instant) -> Result<Taken<'_>, Duration> {
        let place = &self.places[self.place(name)];
        let latest = now + self.interval * self.at_once;
        let after = |full_at: i64| Instant::from_millis(full_at).max(now) + self.interval;
        let taken = place.fetch_update(SeqCst, SeqCst, |full_at| {
            let after = after(full_at);
            (after <= latest).then(|| after.as_millis())
        });
        match taken {
            Ok(before) => Ok(Taken {
                allowances: self,
                place,
                is_last: after(before) + self.interval > latest,
            }),
            Err(full_at) => Err(after(full_at).since(latest)),
        }
    }

    fn place(&self, name: impl Hash) -> usize {
        let hash = self.hasher.hash_one(name) % PLACES as u64;
        usize::try_from(hash).unwrap_or_default()
    }
}

impl Taken<'_> {
    /// It does not count.
    pub(super) fn give_back(self) {
        let interval = i64::try_from(self.allowances.interval.as_millis()).unwrap_or(i64::MAX);
        self.place.fetch_sub(interval, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_millis(1_700_000_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    fn waits(allowances: &Allowances, now: Instant) -> Option<Duration> {
        allowances.take("ada", now).err()
    }

    #[test]
    fn there_are_so_many_at_once_and_one_more_after_each_interval() {
        let allowances = Allowances::new(3, MINUTE);
        let is_last = [(); 3].map(|()| allowances.take("ada", NOW).unwrap().is_last);
        assert_eq!(is_last, [false, false, true]);
        assert_eq!(waits(&allowances, NOW), Some(MINUTE));
        assert_eq!(waits(&allowances, NOW + MINUTE / 3), Some(MINUTE * 2 / 3));
        assert!(allowances.take("ada", NOW + MINUTE).unwrap().is_last);
        assert_eq!(waits(&allowances, NOW + MINUTE), Some(MINUTE));
        let much_later = NOW + 100 * MINUTE;
        let is_last = [(); 3].map(|()| allowances.take("ada", much_later).unwrap().is_last);
        assert_eq!(is_last, [false, false, true]);
        assert_eq!(waits(&allowances, much_later), Some(MINUTE));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let allowances = Allowances::new(2, MINUTE);
        let kept = allowances.take("ada", NOW).unwrap();
        for _ in 0..10 {
            allowances.take("ada", NOW).unwrap().give_back();
        }
        assert!(allowances.take("ada", NOW).unwrap().is_last);
        assert_eq!(waits(&allowances, NOW), Some(MINUTE));
        kept.give_back();
        assert_eq!(waits(&allowances, NOW), None);
    }

    #[test]
    fn everybody_has_their_own() {
        let allowances = Allowances::new(1, MINUTE);
        let refused = (0..100).filter(|name| allowances.take(name, NOW).is_err());
        // Two of a hundred share one place of 65,536 now and then.
        assert!(refused.count() < 5);
    }
}
