//! The rounds of the server's maintenance.

use std::time::Duration;

use super::random::{Decision, rng};
use crate::{Instant, Policy, whole_millis};

/// The rounds of maintenance, numbered from time zero.
///
/// A round is late by up to an interval, because the one before it may take that long. Rounds are
/// computed when they are needed, because most have nothing to do.
#[derive(Debug)]
pub(super) struct Rounds {
    seed: u64,
    interval: Duration,
}

impl Rounds {
    pub(super) fn new(seed: u64, policy: &Policy) -> Self {
        Self {
            seed,
            interval: policy.maintenance_interval(),
        }
    }

    /// The first round that is later than `instant`.
    pub(super) fn first_after(&self, instant: Instant) -> Instant {
        let passed = instant.as_millis().max(0).unsigned_abs();
        let before = (passed / whole_millis(self.interval)).saturating_sub(1);
        let mut number = before;
        loop {
            let round = self.at(number);
            if round > instant {
                return round;
            }
            number += 1;
        }
    }

    fn at(&self, number: u64) -> Instant {
        let interval_ms = whole_millis(self.interval);
        let late_ms = rng(self.seed, Decision::Maintenance, [number, 0, 0]).u64(..interval_ms);
        Instant::from_millis(0) + Duration::from_millis(number * interval_ms + late_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checks, Limits};

    #[test]
    fn no_round_is_passed_over_and_none_is_later_than_two_intervals() {
        let policy = Policy::new(Limits::default(), None, Checks::Enforce).unwrap();
        let interval = policy.maintenance_interval();
        let rounds = Rounds::new(1, &policy);
        let mut round = rounds.first_after(Instant::from_millis(-1));
        for number in 0..1_000 {
            assert_eq!(round, rounds.at(number));
            let next = rounds.first_after(round);
            assert!(next > round && next.since(round) < 2 * interval);
            round = next;
        }
    }
}
