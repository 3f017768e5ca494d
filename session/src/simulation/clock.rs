//! The clocks of one machine.

use std::time::Duration;

use crate::Instant;

/// How a machine's clocks differ from the true time, which is the server's.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ClockPlan {
    /// By how much the wall clock is ahead at the beginning, in milliseconds.
    pub(super) skew_ms: i64,
    /// By how much the wall clock is too fast, in parts per million.
    pub(super) wall_drift_ppm: i64,
    /// By how much the monotonic clock is too fast, in parts per million.
    pub(super) monotonic_drift_ppm: i64,
    /// Whether the monotonic clock stands still during suspend.
    pub(super) monotonic_sleeps: bool,
}

/// A reading of the clocks of a machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClockReading {
    pub(super) wall_ms: i64,
    pub(super) monotonic_ms: i64,
}

/// A wall clock and a monotonic clock. They can be read only at the current time, not at earlier
/// ones.
#[derive(Debug)]
pub(super) struct Clocks {
    plan: ClockPlan,
    stepped_ms: i64,
    stood_still: Duration,
    steps: Vec<(Instant, i64)>,
    sleeps: Vec<(Instant, Duration)>,
}

impl Clocks {
    pub(super) fn new(plan: ClockPlan) -> Self {
        Self {
            plan,
            stepped_ms: 0,
            stood_still: Duration::ZERO,
            steps: Vec::new(),
            sleeps: Vec::new(),
        }
    }

    /// Reads both clocks.
    pub(super) fn read(&self, now: Instant) -> ClockReading {
        ClockReading {
            wall_ms: self.wall_ms(now),
            monotonic_ms: self.monotonic_ms(now),
        }
    }

    /// Reads the wall clock.
    pub(super) fn wall_ms(&self, now: Instant) -> i64 {
        drifted(now.as_millis(), self.plan.wall_drift_ppm) + self.plan.skew_ms + self.stepped_ms
    }

    /// Reads the monotonic clock.
    pub(super) fn monotonic_ms(&self, now: Instant) -> i64 {
        let awake = now - self.stood_still;
        drifted(awake.as_millis(), self.plan.monotonic_drift_ppm)
    }

    /// When the monotonic clock will show `monotonic_ms`, if the machine does not sleep until then.
    pub(super) fn when_monotonic(&self, monotonic_ms: i64, now: Instant) -> Instant {
        let left = monotonic_ms - self.monotonic_ms(now);
        if left <= 0 {
            return now;
        }
        let rate = 1_000_000 + self.plan.monotonic_drift_ppm;
        let wait = (left * 1_000_000 + rate - 1) / rate;
        Instant::from_millis(now.as_millis() + wait)
    }

    /// The wall clock is set, by a user or by the time service of the network.
    pub(super) fn step(&mut self, now: Instant, by_ms: i64) {
        self.stepped_ms += by_ms;
        self.steps.push((now, by_ms));
    }

    /// The machine wakes at `now` after sleeping for `duration`.
    pub(super) fn slept(&mut self, now: Instant, duration: Duration) {
        self.sleeps.push((now, duration));
        if self.plan.monotonic_sleeps {
            self.stood_still += duration;
        }
    }

    /// How long the machine has slept since `since`. A sleep that ended after `since` counts
    /// completely.
    pub(super) fn slept_since(&self, since: Instant) -> Duration {
        let sleeps = self.sleeps.iter().rev().take_while(|(at, _)| *at >= since);
        sleeps.map(|(_, duration)| *duration).sum()
    }

    /// For how long of that the monotonic clock stood still.
    pub(super) fn stood_still_since(&self, since: Instant) -> Duration {
        match self.plan.monotonic_sleeps {
            true => self.slept_since(since),
            false => Duration::ZERO,
        }
    }

    /// By how much the wall clock was set forward since `since`.
    pub(super) fn set_forward_since(&self, since: Instant) -> Duration {
        self.steps_since(since, 1)
    }

    /// By how much the wall clock was set back since `since`.
    pub(super) fn set_back_since(&self, since: Instant) -> Duration {
        self.steps_since(since, -1)
    }

    /// How the clocks differ from the true time, apart from steps and suspends.
    pub(super) fn plan(&self) -> &ClockPlan {
        &self.plan
    }

    fn steps_since(&self, since: Instant, sign: i64) -> Duration {
        let steps = self.steps.iter().rev().take_while(|(at, _)| *at >= since);
        let millis: i64 = steps.map(|(_, by_ms)| (by_ms * sign).max(0)).sum();
        Duration::from_millis(millis.unsigned_abs())
    }
}

fn drifted(millis: i64, ppm: i64) -> i64 {
    millis + millis * ppm / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn at(millis: i64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn the_monotonic_clock_stands_still_in_suspend_and_the_wall_clock_does_not() {
        let mut clocks = Clocks::new(ClockPlan {
            monotonic_sleeps: true,
            ..ClockPlan::default()
        });
        clocks.slept(at(HOUR_MS), Duration::from_secs(600));
        assert_eq!(clocks.wall_ms(at(HOUR_MS)), HOUR_MS);
        assert_eq!(clocks.monotonic_ms(at(HOUR_MS)), HOUR_MS - 600_000);
        assert_eq!(clocks.stood_still_since(at(1)), Duration::from_secs(600));
        assert_eq!(clocks.stood_still_since(at(HOUR_MS + 1)), Duration::ZERO);
    }

    #[test]
    fn a_timer_on_a_fast_clock_is_due_early() {
        let clocks = Clocks::new(ClockPlan {
            monotonic_drift_ppm: 400,
            ..ClockPlan::default()
        });
        let due = clocks.when_monotonic(HOUR_MS, at(0));
        assert!(due < at(HOUR_MS));
        assert!(clocks.monotonic_ms(due) >= HOUR_MS);
        assert!(clocks.monotonic_ms(due - Duration::from_millis(1)) < HOUR_MS);
    }

    #[test]
    fn steps_are_counted_by_their_direction() {
        let mut clocks = Clocks::new(ClockPlan::default());
        clocks.step(at(10), -500);
        clocks.step(at(20), 300);
        assert_eq!(clocks.wall_ms(at(20)), -180);
        assert_eq!(clocks.set_back_since(at(0)), Duration::from_millis(500));
        assert_eq!(clocks.set_forward_since(at(0)), Duration::from_millis(300));
        assert_eq!(clocks.set_back_since(at(20)), Duration::ZERO);
    }
}
