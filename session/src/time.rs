//! Points in time, as numbers that somebody else read from a clock.

use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

/// A point on one side's clock, in whole milliseconds since that clock's origin.
///
/// On the server the origin is the Unix epoch and the clock is the store's.
/// In the browser the origin is the start of the page.
/// The two are never compared: only durations cross the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// The instant `millis` milliseconds after the clock's origin.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the clock's origin.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this instant is; zero where it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        let millis = self.0.saturating_sub(earlier.0).max(0);
        Duration::from_millis(millis.unsigned_abs())
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of time, so that no duration from outside can overflow.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(saturating_millis(duration)))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// Saturates at the beginning of time, so that no duration from outside can overflow.
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(saturating_millis(duration)))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// A duration in whole milliseconds, which is how durations are told in the contract and between tabs.
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
