//! Clocks. This is the only module of the server that reads one.

use std::{
    fmt::Debug,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use dwell_session::{Elapsed, Instant, Reading};

/// A clock. Its time is in milliseconds since the Unix epoch.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The current time. It never goes back.
    fn now(&self) -> Instant;
}

/// The clock of this machine. Its time continues if the wall clock is set back, so setting it back
/// prolongs no session.
#[derive(Debug)]
pub struct SystemClock {
    started: std::time::Instant,
    elapsed: Mutex<Elapsed>,
    latest_ms: AtomicI64,
    /// When `latest_ms` was read, by the monotonic clock, in milliseconds since `started`.
    read_at_ms: AtomicI64,
}

impl SystemClock {
    /// Starts a clock at the time of the machine's wall clock.
    pub fn start() -> Self {
        Self::start_at_least(Instant::from_millis(0))
    }

    /// Starts a clock at the time of the wall clock or at `mark`, whichever is later.
    #[expect(clippy::disallowed_methods, reason = "only this module reads a clock")]
    pub fn start_at_least(mark: Instant) -> Self {
        let wall_ms = wall_ms();
        let wall = Instant::from_millis(wall_ms);
        if mark > wall {
            warn_of_set_back(mark.since(wall));
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
            warn_of_set_back(set_back);
        }
    }

    fn monotonic_ms(&self) -> i64 {
        whole_millis(self.started.elapsed())
    }
}

impl Clock for SystemClock {
    /// The wall clock is read at most once in a millisecond, because the lock for it would make
    /// requests on all processors wait for each other.
    fn now(&self) -> Instant {
        if self.read_at_ms.load(Ordering::Acquire) != self.monotonic_ms() {
            self.read();
        }
        Instant::from_millis(self.latest_ms.load(Ordering::Relaxed))
    }
}

/// Measures a duration with the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts a stopwatch.
    #[expect(clippy::disallowed_methods, reason = "only this module reads a clock")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// A clock for tests. It moves only when it is told to.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Makes a clock that stands at `now`.
    pub fn at(now: Instant) -> Self {
        Self(AtomicI64::new(now.as_millis()))
    }

    /// Moves the clock forward by `duration`.
    pub fn advance(&self, duration: Duration) {
        self.0.fetch_add(whole_millis(duration), Ordering::SeqCst);
    }

    /// Moves the clock forward to `now`. It does nothing if `now` is in the past.
    pub fn advance_to(&self, now: Instant) {
        self.0.fetch_max(now.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.load(Ordering::SeqCst))
    }
}

fn warn_of_set_back(set_back: Duration) {
    tracing::warn!(
        event = "clock_stepped_back",
        set_back_ms = set_back.as_millis(),
        "the clock of this machine has been set back: the time of the sessions \
         continues from where it was"
    );
}

#[expect(clippy::disallowed_methods, reason = "only this module reads a clock")]
fn wall_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, whole_millis)
}

fn whole_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
