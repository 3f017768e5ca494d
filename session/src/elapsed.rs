//! Elapsed time as `max(wall, monotonic)`, because the monotonic clock may stop during suspend and
//! the wall clock may be set.

use std::time::Duration;

use crate::Instant;

/// A smaller change of the difference between the clocks is rounding or slewing and is ignored.
const JITTER: Duration = Duration::from_millis(50);

/// Combines a wall clock and a monotonic clock into one that never stops and never goes back.
///
/// It follows the monotonic clock. When the wall clock has gained on the monotonic clock, because
/// the machine was suspended or the wall clock was set forward, it jumps ahead by that difference
/// (`I2`). Setting the wall clock back has no effect.
#[derive(Debug, Clone, Copy)]
pub struct Elapsed {
    now: Instant,
    monotonic_ms: i64,
    /// By how much the wall clock was ahead of the monotonic clock after the last gap or step, in
    /// milliseconds.
    wall_lead_ms: i64,
}

/// The result of [`Elapsed::read`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The current time.
    pub now: Instant,
    /// How much time the monotonic clock has missed since the last reading, if it has missed any. A
    /// wall clock that was set forward looks the same.
    pub gap: Option<Duration>,
    /// By how much the wall clock has been set back since the last reading, if it has. This does
    /// not change `now`.
    pub set_back: Option<Duration>,
}

impl Elapsed {
    /// Starts at `now`, with a first reading of both clocks. Each is in milliseconds since any
    /// origin.
    pub fn new(now: Instant, wall_ms: i64, monotonic_ms: i64) -> Self {
        Self {
            now,
            monotonic_ms,
            wall_lead_ms: wall_ms.saturating_sub(monotonic_ms),
        }
    }

    /// Takes a new reading of both clocks, in milliseconds since the same origins as in
    /// [`new`](Self::new).
    pub fn read(&mut self, wall_ms: i64, monotonic_ms: i64) -> Reading {
        let passed =
            Instant::from_millis(monotonic_ms).since(Instant::from_millis(self.monotonic_ms));
        self.monotonic_ms = self.monotonic_ms.max(monotonic_ms);

        let wall_lead_ms = wall_ms.saturating_sub(monotonic_ms);
        let gained =
            Instant::from_millis(wall_lead_ms).since(Instant::from_millis(self.wall_lead_ms));
        let lost =
            Instant::from_millis(self.wall_lead_ms).since(Instant::from_millis(wall_lead_ms));
        let gap = (gained > JITTER).then_some(gained);
        let set_back = (lost > JITTER).then_some(lost);
        if gap.is_some() || set_back.is_some() {
            self.wall_lead_ms = wall_lead_ms;
        }

        self.now = self.now + passed + gap.unwrap_or_default();
        Reading {
            now: self.now,
            gap,
            set_back,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const HOUR_MS: i64 = 60 * 60 * 1_000;

    fn started() -> Elapsed {
        Elapsed::new(Instant::from_millis(0), 1_000_000, 500)
    }

    #[test]
    fn a_suspend_counts_although_the_monotonic_clock_stood_still() {
        let reading = started().read(1_000_000 + HOUR_MS, 500);
        assert_eq!(reading.now, Instant::from_millis(HOUR_MS));
        assert_eq!(reading.gap, Some(Duration::from_secs(3_600)));
    }

    #[test]
    fn a_step_back_neither_stops_nor_hides_a_later_suspend() {
        let mut elapsed = started();
        let stepped_back = elapsed.read(1_000_100 - HOUR_MS, 600);
        assert_eq!(stepped_back.now, Instant::from_millis(100));
        assert_eq!(stepped_back.gap, None);
        assert_eq!(stepped_back.set_back, Some(Duration::from_secs(3_600)));
        let afterwards = elapsed.read(1_000_100 - HOUR_MS, 600);
        assert_eq!(afterwards.set_back, None, "a step is reported once");

        let resumed = elapsed.read(1_000_100, 600);
        assert_eq!(resumed.now, Instant::from_millis(100 + HOUR_MS));
    }

    proptest! {
        #[test]
        fn never_behind_the_monotonic_clock_and_close_to_it_when_the_wall_clock_only_jitters(
            steps in prop::collection::vec((0i64..10_000, -2i64..=2), 1..200),
        ) {
            let mut elapsed = started();
            let mut monotonic = 500;
            for (step, jitter) in steps {
                monotonic += step;
                let reading = elapsed.read(999_500 + monotonic + jitter, monotonic);
                prop_assert_eq!(reading.now, Instant::from_millis(monotonic - 500));
            }
        }

        #[test]
        fn never_goes_back(readings in prop::collection::vec((any::<i32>(), any::<i32>()), 1..50)) {
            let mut elapsed = started();
            let mut last = Instant::from_millis(0);
            for (wall, monotonic) in readings {
                let now = elapsed.read(wall.into(), monotonic.into()).now;
                prop_assert!(now >= last);
                last = now;
            }
        }
    }
}
