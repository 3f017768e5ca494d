//! Whether the processors share a cache.
//!
//! The host of a virtual machine moves its processors about. While two of them share no cache, a
//! message from one to the other was seen to take 400 ns instead of 80, and a request twice as
//! long, with a session or without. That comes and goes within seconds: what is compared would be
//! measured on two machines.

use std::hint::spin_loop;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, available_parallelism, sleep, yield_now};
use std::time::Duration;

use anyhow::Result;

use crate::stopwatch::Stopwatch;

/// How long is waited before the processors are looked at again.
const PAUSE: Duration = Duration::from_millis(50);

/// The processors, and how long they are waited for.
pub(crate) struct Cores {
    distance: Box<dyn FnMut() -> f64>,
    nearest: f64,
    patience: Duration,
}

impl Cores {
    /// Waits for `patience` in all. Where there are not two processors, nobody knows which of them
    /// are at work, and nothing is waited for.
    pub(crate) fn new(patience: Duration) -> Self {
        let are_two = available_parallelism().map(NonZero::get).ok() == Some(2);
        let mut cores = Self {
            distance: Box::new(if are_two { round_trip } else { || 0.0 }),
            nearest: f64::INFINITY,
            patience,
        };
        for _ in 0..20 {
            cores.are_near();
        }
        cores
    }

    /// Gives what `measure` gives while the processors are near each other, before and after. What
    /// it gives at another time counts only once patience is at an end.
    pub(crate) fn steadily<T>(&mut self, mut measure: impl FnMut() -> Result<T>) -> Result<T> {
        loop {
            let stopwatch = Stopwatch::start();
            while !self.are_near() && stopwatch.elapsed().duration() < self.patience {
                sleep(PAUSE);
            }
            let waited = stopwatch.elapsed().duration();
            let outcome = measure()?;
            let is_steady = self.are_near();
            let lost = match is_steady {
                true => waited,
                false => stopwatch.elapsed().duration(),
            };
            self.patience = self.patience.saturating_sub(lost);
            if is_steady || self.patience.is_zero() {
                return Ok(outcome);
            }
            println!("    measured again: the processors were moved apart");
        }
    }

    /// As near as they were seen, or nearly.
    fn are_near(&mut self) -> bool {
        let distance = (self.distance)();
        self.nearest = self.nearest.min(distance);
        distance <= 2.0 * self.nearest
    }
}

/// How many seconds a message takes from one processor to the other and back.
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

    /// Measures once with processors that are as far apart as this, one time after the other, and
    /// far after that. Tells how often it was measured.
    fn measured(distances: &'static [f64], patience: Duration) -> u32 {
        let mut distances = distances.iter().copied();
        let mut cores = Cores {
            distance: Box::new(move || distances.next().unwrap_or(400.0)),
            nearest: 80.0,
            patience,
        };
        let mut times = 0;
        let measure = || {
            times += 1;
            Ok(())
        };
        cores.steadily(measure).unwrap();
        times
    }

    #[test]
    fn what_is_measured_while_the_processors_are_apart_is_measured_again() {
        let patience = Duration::from_secs(60);
        assert_eq!(measured(&[90.0, 110.0], patience), 1);
        assert_eq!(measured(&[90.0, 390.0, 85.0, 90.0], patience), 2);
        assert_eq!(measured(&[390.0, 90.0, 90.0], patience), 1);
    }

    #[test]
    fn patience_comes_to_an_end() {
        assert_eq!(measured(&[], Duration::ZERO), 1);
        assert_eq!(measured(&[], Duration::from_millis(1)), 1);
    }

    #[test]
    fn a_message_takes_time() {
        assert!(round_trip() > 0.0);
    }
}
