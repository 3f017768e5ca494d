//! Which side of a connection waits for the other, and since when.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use dwell::clock::Stopwatch;

use super::Bounds;

/// An instant, in milliseconds since the clock was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(u64);

impl Moment {
    pub(super) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// A clock that returns the time at which it was last read. All connections share it, so that
/// requests need not read the system's clock.
#[derive(Debug, Clone)]
pub(super) struct CoarseClock {
    stopwatch: Stopwatch,
    latest: Arc<AtomicU64>,
}

impl CoarseClock {
    pub(super) fn start() -> Self {
        Self {
            stopwatch: Stopwatch::start(),
            latest: Arc::default(),
        }
    }

    /// Reads the system's clock.
    pub(super) fn read(&self) -> Moment {
        let elapsed = self.stopwatch.elapsed().as_millis();
        let moment = u64::try_from(elapsed).unwrap_or(u64::MAX);
        self.latest.store(moment, Relaxed);
        Moment(moment)
    }
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// An answer is being sent, or there is no request.
    Quiet,
    /// The client is sending the head of a request.
    Head,
    /// The client is sending the body of a request.
    Body,
    /// The server is working on a request.
    Work,
}

/// The state of one connection. Its fields are written one by one; if they do not match for a
/// moment, the next check sees the correct state.
#[derive(Debug)]
pub(super) struct Watch {
    clock: CoarseClock,
    phase: AtomicU8,
    /// When the phase began.
    since: AtomicU64,
    /// When bytes were last sent in either direction.
    moved: AtomicU64,
}

impl Watch {
    pub(super) fn new(clock: &CoarseClock) -> Self {
        let latest = clock.latest.load(Relaxed);
        Self {
            clock: clock.clone(),
            phase: AtomicU8::new(Phase::Quiet as u8),
            since: AtomicU64::new(latest),
            moved: AtomicU64::new(latest),
        }
    }

    /// Bytes were received.
    pub(super) fn bytes_received(&self) {
        self.bytes_moved();
        if self.is_in(Phase::Quiet) {
            self.begin(Phase::Head);
        }
    }

    /// Bytes were sent or received.
    pub(super) fn bytes_moved(&self) {
        self.moved.store(self.clock.latest.load(Relaxed), Relaxed);
    }

    /// The head of a request was received, and it has a body.
    pub(super) fn head_complete(&self) {
        self.begin(Phase::Body);
    }

    /// A whole request was received.
    pub(super) fn request_complete(&self) {
        self.begin(Phase::Work);
    }

    /// The answer is ready.
    pub(super) fn answer_ready(&self) {
        self.bytes_moved();
        self.begin(Phase::Quiet);
    }

    /// Since when the server has waited for the client; nothing while it works on a request.
    pub(super) fn waiting_since(&self) -> Option<Moment> {
        if self.is_in(Phase::Work) {
            None
        } else if self.is_in(Phase::Quiet) {
            Some(self.moved())
        } else {
            Some(self.since())
        }
    }

    /// Whether the client has been waited for too long. The time for a body is limited where the
    /// body is read.
    pub(super) fn is_overdue(&self, now: Moment, bounds: &Bounds) -> bool {
        if self.is_in(Phase::Quiet) {
            now.since(self.moved()) >= bounds.inactivity || now.since(self.since()) >= bounds.answer
        } else {
            self.is_in(Phase::Head) && now.since(self.since()) >= bounds.head
        }
    }

    fn begin(&self, phase: Phase) {
        self.since.store(self.clock.latest.load(Relaxed), Relaxed);
        self.phase.store(phase as u8, Relaxed);
    }

    fn is_in(&self, phase: Phase) -> bool {
        self.phase.load(Relaxed) == phase as u8
    }

    fn since(&self) -> Moment {
        Moment(self.since.load(Relaxed))
    }

    fn moved(&self) -> Moment {
        Moment(self.moved.load(Relaxed))
    }
}
