//! How far apart the processors are.
//!
//! The host of a virtual machine moves its processors about. While two of them share no cache, a
//! message from one to the other was seen to take 400 ns instead of 80, and a request twice as
//! long, with a session or without. That comes and goes within seconds, so that what is compared
//! may have been measured on two machines.

use std::hint::spin_loop;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, available_parallelism, yield_now};

use crate::stopwatch::Stopwatch;

/// How far apart two processors were at several times: how long a message takes from one to the
/// other and back, in seconds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Distance {
    least: f64,
    most: f64,
}

impl Distance {
    /// Nothing where there are not two: nobody knows which of them are at work.
    pub(crate) fn now() -> Self {
        let are_two = available_parallelism().map(NonZero::get).ok() == Some(2);
        Self::of(if are_two { round_trip() } else { 0.0 })
    }

    pub(crate) fn of(seconds: f64) -> Self {
        Self {
            least: seconds,
            most: seconds,
        }
    }

    /// At all the times of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }

    /// Whether the processors stayed where they were.
    pub(crate) fn is_steady(self) -> bool {
        self.most <= 2.0 * self.least
    }
}

fn round_trip() -> f64 {
    const TRIPS: u32 = 10_000;
    let ball = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..TRIPS {
                wait_for(&ball, true);
                ball.store(false, Ordering::Release);
            }
        });
        ball.store(true, Ordering::Release);
        wait_for(&ball, false);
        let stopwatch = Stopwatch::start();
        for _ in 1..TRIPS {
            ball.store(true, Ordering::Release);
            wait_for(&ball, false);
        }
        stopwatch.elapsed().as_secs_f64() / f64::from(TRIPS)
    })
}

/// Lets the other thread run now and then, which may be on the same processor.
fn wait_for(ball: &AtomicBool, wanted: bool) {
    loop {
        for _ in 0..10_000 {
            if ball.load(Ordering::Acquire) == wanted {
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
    fn the_processors_have_moved_if_a_message_takes_twice_as_long_or_half() {
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
