//! The one place in the browser that reads a clock.

use std::cell::RefCell;

use dwell_session::{Elapsed, Instant, Reading};
use web_sys::Performance;

/// Time since the navigation to this page began, as `max(wall, monotonic)`.
pub(crate) struct Clock {
    performance: Performance,
    elapsed: RefCell<Elapsed>,
}

impl Clock {
    /// The instant at which the navigation to this page began: before its request left.
    pub(crate) const NAVIGATION: Instant = Instant::from_millis(0);

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
