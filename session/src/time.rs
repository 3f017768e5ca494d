//! Instants, as numbers that the caller has read from a clock.

use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

/// An instant on one clock, in whole milliseconds since the origin of that clock.
///
/// On the server the clock is that of the store, and its origin is the Unix epoch. In the browser
/// the origin is the start of the navigation to the page. Instants of the two sides are never
/// compared: only durations are sent between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// The instant that is `millis` milliseconds after the origin of the clock.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The milliseconds since the origin of the clock.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The time from `earlier` until this instant, or zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        let millis = self.0.saturating_sub(earlier.0).max(0);
        Duration::from_millis(millis.unsigned_abs())
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Adds a duration. The result saturates, so that no duration from outside can overflow it.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(saturating_millis(duration)))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// Subtracts a duration. The result saturates, so that no duration from outside can overflow
    /// it.
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(saturating_millis(duration)))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// The whole milliseconds in a duration, the unit of durations in the HTTP contract and in messages
/// between tabs. Longer durations than `u64` can hold are `u64::MAX`.
pub fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn saturating_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn arithmetic_saturates() {
        let instant = Instant::from_millis(7);
        assert_eq!(instant + Duration::MAX, Instant::from_millis(i64::MAX));
        assert_eq!(
            Instant::from_millis(i64::MIN) - Duration::MAX,
            Instant::from_millis(i64::MIN)
        );
    }

    #[test]
    fn since_is_zero_for_a_later_instant() {
        let (earlier, later) = (Instant::from_millis(-3), Instant::from_millis(4));
        assert_eq!(later.since(earlier), Duration::from_millis(7));
        assert_eq!(earlier.since(later), Duration::ZERO);
    }
}
