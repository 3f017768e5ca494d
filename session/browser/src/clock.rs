//! The one place in the browser that reads a clock.

use std::{cell::RefCell, fmt, num::ParseIntError, str::FromStr, time::Duration};

use dwell_session::{Elapsed, Instant, Reading};
use wasm_bindgen::JsCast as _;
use web_sys::{Performance, PerformanceResourceTiming};

/// Time since the navigation to this page began, or what led to it by a redirect, as `max(wall, monotonic)`.
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

    /// The instant at which this page was fetched: just before its request left, and after whatever
    /// led to it.
    pub(crate) fn fetched_at(&self) -> Instant {
        let navigation = self.performance.get_entries_by_type("navigation").get(0);
        let fetched_ms = navigation
            .dyn_ref::<PerformanceResourceTiming>()
            .map_or(0.0, PerformanceResourceTiming::fetch_start);
        Instant::from_millis(whole(fetched_ms))
    }

    /// Now, for another tab of the same browser.
    pub(crate) fn stamp(&self) -> Stamp {
        let (wall_ms, _) = read(&self.performance);
        Stamp(wall_ms)
    }

    /// How old a stamp is, which another tab has made. It counts a suspend in between.
    pub(crate) fn age(&self, stamp: Stamp) -> Duration {
        let (wall_ms, _) = read(&self.performance);
        let age_ms = u64::try_from(wall_ms.saturating_sub(stamp.0)).unwrap_or_default();
        Duration::from_millis(age_ms)
    }
}

/// An instant on the wall clock, which the tabs of a browser share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp(i64);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Stamp {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the browser's one clock")]
fn read(performance: &Performance) -> (i64, i64) {
    (whole(js_sys::Date::now()), whole(performance.now()))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a float beyond the range saturates"
)]
fn whole(millis: f64) -> i64 {
    millis as i64
}
