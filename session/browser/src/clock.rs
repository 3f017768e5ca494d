//! The only place in the browser code that reads a clock.

use std::{cell::RefCell, fmt, num::ParseIntError, str::FromStr, time::Duration};

use dwell_session::{Elapsed, Instant, Reading};
use wasm_bindgen::JsCast as _;
use web_sys::{Performance, PerformanceResourceTiming};

/// The time since the navigation to this page began, including redirects, as `max(wall,
/// monotonic)`.
pub(crate) struct Clock {
    performance: Performance,
    elapsed: RefCell<Elapsed>,
}

impl Clock {
    pub(crate) fn start(performance: Performance) -> Self {
        let (wall_ms, monotonic_ms) = read(&performance);
        let now = Instant::from_millis(monotonic_ms);
        Self {
            performance,
            elapsed: RefCell::new(Elapsed::new(now, wall_ms, monotonic_ms)),
        }
    }

    pub(crate) fn read(&self) -> Reading {
        let (wall_ms, monotonic_ms) = read(&self.performance);
        self.elapsed.borrow_mut().read(wall_ms, monotonic_ms)
    }

    /// The instant at which the request for this page was sent, after any redirects.
    pub(crate) fn fetched_at(&self) -> Instant {
        let navigation = self.performance.get_entries_by_type("navigation").get(0);
        let fetched_ms = navigation
            .dyn_ref::<PerformanceResourceTiming>()
            .map_or(0.0, PerformanceResourceTiming::fetch_start);
        Instant::from_millis(to_whole(fetched_ms))
    }

    /// The current time, for a message to another tab of this browser.
    pub(crate) fn timestamp(&self) -> Timestamp {
        let (wall_ms, _) = read(&self.performance);
        Timestamp(wall_ms)
    }

    /// How long ago another tab made this timestamp. Unlike the monotonic clock, this includes
    /// suspends.
    pub(crate) fn age(&self, timestamp: Timestamp) -> Duration {
        let (wall_ms, _) = read(&self.performance);
        let age_ms = u64::try_from(wall_ms.saturating_sub(timestamp.0)).unwrap_or_default();
        Duration::from_millis(age_ms)
    }
}

/// An instant on the wall clock, which all tabs of a browser share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timestamp(i64);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the only place that reads the browser's clocks"
)]
fn read(performance: &Performance) -> (i64, i64) {
    (to_whole(js_sys::Date::now()), to_whole(performance.now()))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a float out of range saturates, which is intended"
)]
fn to_whole(millis: f64) -> i64 {
    millis as i64
}
