//! The delay before a failed request is repeated.

use std::time::Duration;

const SHORTEST: Duration = Duration::from_secs(1);

/// Doubles the delay with every failure and varies it at random, so that browsers that lost the
/// server at the same moment do not all come back at the same moment.
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

    /// Starts again with the shortest delay, after a success.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Whether the latest attempt has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// The delay after another failure. It is between half of `longest` and `longest`, and shorter
    /// after the first failures.
    pub(super) fn next(&mut self, longest: Duration) -> Duration {
        let doubled = SHORTEST.saturating_mul(2u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        let delay = doubled.min(longest);
        delay / 2 + (delay / 2).mul_f64(self.random.f64())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const LONGEST: Duration = Duration::from_secs(30);

    fn delays(seed: u64) -> Vec<Duration> {
        let mut backoff = Backoff::new(seed);
        (0..40).map(|_| backoff.next(LONGEST)).collect()
    }

    #[test]
    fn delays_grow_up_to_the_longest() {
        for seed in 0..50 {
            let delays = delays(seed);
            assert!(delays[0] <= SHORTEST, "{delays:?}");
            assert!(
                delays
                    .iter()
                    .all(|delay| *delay >= SHORTEST / 2 && *delay <= LONGEST)
            );
            assert!(delays[10..].iter().all(|delay| *delay >= LONGEST / 2));
        }
    }

    #[test]
    fn two_browsers_do_not_come_back_at_the_same_moments() {
        assert_ne!(delays(1), delays(2));
    }

    #[test]
    fn a_success_resets_the_delay() {
        let mut backoff = Backoff::new(0);
        while backoff.next(LONGEST) < LONGEST / 2 {}
        backoff.reset();
        assert!(backoff.next(LONGEST) <= SHORTEST);
    }
}
