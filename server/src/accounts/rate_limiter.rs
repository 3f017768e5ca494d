//! A rate limiter for any number of names, in memory of a fixed size.

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    sync::atomic::{AtomicI64, Ordering::SeqCst},
    time::Duration,
};

use dwell::Instant;

/// How many counters there are. Names whose hashes are alike share a counter; the hash has a random
/// key, so that no client can choose whom it shares one with.
const COUNTERS: usize = 1 << 16;

/// Allows each name `burst` attempts at once, and one more after each `interval`.
#[derive(Debug)]
pub(super) struct RateLimiter {
    burst: u32,
    interval: Duration,
    /// For each counter, the instant in milliseconds at which all attempts are available again.
    counters: Box<[AtomicI64]>,
    hasher: RandomState,
}

/// An attempt that was allowed. It counts unless it is given back.
#[derive(Debug)]
pub(super) struct AllowedAttempt<'limiter> {
    limiter: &'limiter RateLimiter,
    counter: &'limiter AtomicI64,
    /// Whether no further attempt is available.
    pub(super) is_last: bool,
}

impl RateLimiter {
    pub(super) fn new(burst: u32, interval: Duration) -> Self {
        Self {
            burst,
            interval,
            counters: (0..COUNTERS).map(|_| AtomicI64::new(i64::MIN)).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Takes one of the attempts of `name`.
    ///
    /// # Errors
    ///
    /// No attempt is left. The error is the time until the next one.
    pub(super) fn take(
        &self,
        name: impl Hash,
        now: Instant,
    ) -> Result<AllowedAttempt<'_>, Duration> {
        let counter = &self.counters[self.index(name)];
        let latest = now + self.interval * self.burst;
        let after = |full_at: i64| Instant::from_millis(full_at).max(now) + self.interval;
        let updated = counter.fetch_update(SeqCst, SeqCst, |full_at| {
            let after = after(full_at);
            (after <= latest).then(|| after.as_millis())
        });
        match updated {
            Ok(before) => Ok(AllowedAttempt {
                limiter: self,
                counter,
                is_last: after(before) + self.interval > latest,
            }),
            Err(full_at) => Err(after(full_at).since(latest)),
        }
    }

    fn index(&self, name: impl Hash) -> usize {
        let hash = self.hasher.hash_one(name) % COUNTERS as u64;
        usize::try_from(hash).unwrap_or_default()
    }
}

impl AllowedAttempt<'_> {
    /// Makes the attempt available again.
    pub(super) fn give_back(self) {
        let interval = i64::try_from(self.limiter.interval.as_millis()).unwrap_or(i64::MAX);
        self.counter.fetch_sub(interval, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_millis(1_700_000_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    fn wait(limiter: &RateLimiter, now: Instant) -> Option<Duration> {
        limiter.take("ada", now).err()
    }

    #[test]
    fn a_burst_is_allowed_and_one_more_attempt_after_each_interval() {
        let limiter = RateLimiter::new(3, MINUTE);
        let is_last = [(); 3].map(|()| limiter.take("ada", NOW).unwrap().is_last);
        assert_eq!(is_last, [false, false, true]);
        assert_eq!(wait(&limiter, NOW), Some(MINUTE));
        assert_eq!(wait(&limiter, NOW + MINUTE / 3), Some(MINUTE * 2 / 3));
        assert!(limiter.take("ada", NOW + MINUTE).unwrap().is_last);
        assert_eq!(wait(&limiter, NOW + MINUTE), Some(MINUTE));
        let much_later = NOW + 100 * MINUTE;
        let is_last = [(); 3].map(|()| limiter.take("ada", much_later).unwrap().is_last);
        assert_eq!(is_last, [false, false, true]);
        assert_eq!(wait(&limiter, much_later), Some(MINUTE));
    }

    #[test]
    fn an_attempt_that_is_given_back_is_available_again() {
        let limiter = RateLimiter::new(2, MINUTE);
        let kept = limiter.take("ada", NOW).unwrap();
        for _ in 0..10 {
            limiter.take("ada", NOW).unwrap().give_back();
        }
        assert!(limiter.take("ada", NOW).unwrap().is_last);
        assert_eq!(wait(&limiter, NOW), Some(MINUTE));
        kept.give_back();
        assert_eq!(wait(&limiter, NOW), None);
    }

    #[test]
    fn names_are_limited_independently() {
        let limiter = RateLimiter::new(1, MINUTE);
        let refused = (0..100).filter(|name| limiter.take(name, NOW).is_err());
        // Occasionally, two of a hundred names share one of the 65,536 counters.
        assert!(refused.count() < 5);
    }
}
