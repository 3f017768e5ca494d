//! Measures how fast two processors can exchange a message.
//!
//! The host of a virtual machine may move its processors to other cores. While two of them share no
//! cache, a message from one to the other was seen to take 400 ns instead of 80, and a request took
//! twice as long, with a session or without. This changes within seconds, so two measurements can
//! only be compared if the distance was the same.

use std::hint::spin_loop;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, available_parallelism, yield_now};

use crate::stopwatch::Stopwatch;

/// How long a message takes from one processor to another and back, in seconds: the shortest and
/// the longest of several times.
#[derive(Clone, Copy, Default)]
pub(crate) struct Distance {
    min: f64,
    max: f64,
}

impl Distance {
    /// The distance at this moment, or zero if there are not exactly two processors: with more, it
    /// is not known which of them do the work.
    pub(crate) fn now() -> Self {
        let are_two = available_parallelism().map(NonZero::get).ok() == Some(2);
        Self::of(if are_two { round_trip() } else { 0.0 })
    }

    pub(crate) fn of(seconds: f64) -> Self {
        Self {
            min: seconds,
            max: seconds,
        }
    }

    /// The distance at the times of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    /// Whether the distance stayed about the same.
    pub(crate) fn is_steady(self) -> bool {
        self.max <= 2.0 * self.min
    }
}

fn round_trip() -> f64 {
    const TRIPS: u32 = 10_000;
    let flag = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..TRIPS {
                wait_for(&flag, true);
                flag.store(false, Ordering::Release);
            }
        });
        flag.store(true, Ordering::Release);
        wait_for(&flag, false);
        let stopwatch = Stopwatch::start();
        for _ in 1..TRIPS {
            flag.store(true, Ordering::Release);
            wait_for(&flag, false);
        }
        stopwatch.elapsed().as_secs_f64() / f64::from(TRIPS)
    })
}

/// Waits for a value. It yields now and then, because the other thread may need the same processor.
fn wait_for(flag: &AtomicBool, wanted: bool) {
    loop {
        for _ in 0..10_000 {
            if flag.load(Ordering::Acquire) == wanted {
                return;
            }
            spin_loop();
        }
        yield_now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_steady(distances: &[f64]) -> bool {
        let distances = distances.iter().copied().map(Distance::of);
        distances.reduce(Distance::and).unwrap().is_steady()
    }

    #[test]
    fn a_distance_is_not_steady_if_a_message_takes_twice_as_long_or_half() {
        assert!(is_steady(&[80.0, 110.0, 75.0]));
        assert!(is_steady(&[410.0, 380.0]));
        assert!(!is_steady(&[80.0, 400.0, 85.0]));
        assert!(!is_steady(&[400.0, 80.0]));
        assert!(is_steady(&[0.0, 0.0]));
    }

    #[test]
    fn a_message_takes_time() {
        assert!(round_trip() > 0.0);
    }
}
