//! When to try again after a failure.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);

/// Doubles the wait with every failure, and varies it, so that the browsers that lost the server
/// at the same moment do not come back at the same moment.
#[derive(Debug)]
pub(super) struct Backoff {
    failures: u32,
    random: fastrand::Rng,
}

impl Backoff {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            failures: 0,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// Begins anew, after a success.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Whether nothing has succeeded since the last failure.
    pub(super) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// How long to wait after one more failure: between half of `longest` and all of it, and less
    /// after the first failures.
    pub(super) fn next(&mut self, longest: Duration) -> Duration {
        let doubled = FIRST.saturating_mul(2u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        let wait = doubled.min(longest);
        wait / 2 + (wait / 2).mul_f64(self.random.f64())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const LONGEST: Duration = Duration::from_secs(30);

    fn waits(seed: u64) -> Vec<Duration> {
        let mut backoff = Backoff::new(seed);
        (0..40).map(|_| backoff.next(LONGEST)).collect()
    }

    #[test]
    fn waits_grow_to_the_longest_and_no_further() {
        for seed in 0..50 {
            let waits = waits(seed);
            assert!(waits[0] <= FIRST, "{waits:?}");
            assert!(
                waits
                    .iter()
                    .all(|wait| *wait >= FIRST / 2 && *wait <= LONGEST)
            );
            assert!(waits[10..].iter().all(|wait| *wait >= LONGEST / 2));
        }
    }

    #[test]
    fn two_browsers_do_not_come_back_at_the_same_moments() {
        assert_ne!(waits(1), waits(2));
    }

    #[test]
    fn a_success_begins_anew() {
        let mut backoff = Backoff::new(0);
        while backoff.next(LONGEST) < LONGEST / 2 {}
        backoff.reset();
        assert!(backoff.next(LONGEST) <= FIRST);
    }
}
