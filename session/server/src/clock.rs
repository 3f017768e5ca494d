//! The one place on the server that reads a clock.

use std::{
    fmt::Debug,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use dwell_session::{Elapsed, Instant, Reading};

/// Tells the time, in milliseconds since the Unix epoch.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time now. Never goes back.
    fn now(&self) -> Instant;
}

/// The time of this machine. A wall clock that is set back does not prolong any session.
#[derive(Debug)]
pub struct SystemClock {
    started: std::time::Instant,
    elapsed: Mutex<Elapsed>,
    latest_ms: AtomicI64,
    /// When `latest_ms` was read, in milliseconds since the start.
    read_at_ms: AtomicI64,
}

impl SystemClock {
    /// Starts at the time that the machine's wall clock shows.
    pub fn start() -> Self {
        Self::start_at_least(Instant::from_millis(0))
    }

    /// As [`start`](Self::start), but at `mark` where the wall clock is behind that.
    #[expect(clippy::disallowed_methods, reason = "this is the server's one clock")]
    pub fn start_at_least(mark: Instant) -> Self {
        let wall_ms = wall_ms();
        let wall = Instant::from_millis(wall_ms);
        if mark > wall {
            tell_set_back(mark.since(wall));
        }
        let now = wall.max(mark);
        Self {
            started: std::time::Instant::now(),
            elapsed: Mutex::new(Elapsed::new(now, wall_ms, 0)),
            latest_ms: AtomicI64::new(now.as_millis()),
            read_at_ms: AtomicI64::new(0),
        }
    }

    fn read(&self) {
        let mut elapsed = self.elapsed.lock().unwrap_or_else(PoisonError::into_inner);
        let monotonic_ms = self.monotonic_ms();
        let Reading { now, set_back, .. } = elapsed.read(wall_ms(), monotonic_ms);
        self.latest_ms.store(now.as_millis(), Ordering::Relaxed);
        self.read_at_ms.store(monotonic_ms, Ordering::Release);
        drop(elapsed);
        if let Some(set_back) = set_back {
            tell_set_back(set_back);
        }
    }

    fn monotonic_ms(&self) -> i64 {
        whole_millis(self.started.elapsed())
    }
}

impl Clock for SystemClock {
    /// Read anew once in a millisecond, so that requests on all processors do not wait for each
    /// other.
    fn now(&self) -> Instant {
        if self.read_at_ms.load(Ordering::Acquire) != self.monotonic_ms() {
            self.read();
        }
        Instant::from_millis(self.latest_ms.load(Ordering::Relaxed))
    }
}

/// Measures how long something takes.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the server's one clock")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// A clock for tests, which moves only when told to.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Stands at `now`.
    pub fn at(now: Instant) -> Self {
        Self(AtomicI64::new(now.as_millis()))
    }

    /// Moves on by `duration`.
    pub fn advance(&self, duration: Duration) {
        self.0.fetch_add(whole_millis(duration), Ordering::SeqCst);
    }

    /// Moves on to `now`; stays where it is if `now` is earlier.
    pub fn advance_to(&self, now: Instant) {
        self.0.fetch_max(now.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.load(Ordering::SeqCst))
    }
}

fn tell_set_back(set_back: Duration) {
    tracing::warn!(
        event = "clock_stepped_back",
        set_back_ms = set_back.as_millis(),
        "this machine's clock has been set back: time goes on from where it was"
    );
}

#[expect(clippy::disallowed_methods, reason = "this is the server's one clock")]
fn wall_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, whole_millis)
}

fn whole_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
