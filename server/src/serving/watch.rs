//! What is known of a connection: who waits for whom, and since when.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use dwell::clock::Stopwatch;

use super::Bounds;

/// An instant, in milliseconds since the listener began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(u64);

impl Moment {
    pub(super) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// The time as it was last read. All connections share it, so that no request reads a clock.
#[derive(Debug, Clone)]
pub(super) struct Now {
    stopwatch: Stopwatch,
    latest: Arc<AtomicU64>,
}

impl Now {
    pub(super) fn start() -> Self {
        Self {
            stopwatch: Stopwatch::start(),
            latest: Arc::default(),
        }
    }

    /// Reads the clock.
    pub(super) fn read(&self) -> Moment {
        let elapsed = self.stopwatch.elapsed().as_millis();
        let moment = u64::try_from(elapsed).unwrap_or(u64::MAX);
        self.latest.store(moment, Relaxed);
        Moment(moment)
    }
}

/// What a connection is about at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// An answer is on its way, or nothing is.
    Quiet,
    /// The client sends the head of a request.
    Head,
    /// The client sends the body of a request.
    Body,
    /// The client waits for the server.
    Work,
}

/// Watches one connection. Where its parts disagree for a moment, the next round sees it right.
#[derive(Debug)]
pub(super) struct Watch {
    now: Now,
    phase: AtomicU8,
    /// Since when the phase lasts.
    since: AtomicU64,
    /// When bytes last went in either direction.
    moved: AtomicU64,
}

impl Watch {
    pub(super) fn new(now: &Now) -> Self {
        let latest = now.latest.load(Relaxed);
        Self {
            now: now.clone(),
            phase: AtomicU8::new(Phase::Quiet as u8),
            since: AtomicU64::new(latest),
            moved: AtomicU64::new(latest),
        }
    }

    /// Bytes have come.
    pub(super) fn heard(&self) {
        self.took();
        if self.is_in(Phase::Quiet) {
            self.begin(Phase::Head);
        }
    }

    /// Bytes were taken.
    pub(super) fn took(&self) {
        self.moved.store(self.now.latest.load(Relaxed), Relaxed);
    }

    /// A head has come, and its body is on the way.
    pub(super) fn receives(&self) {
        self.begin(Phase::Body);
    }

    /// A whole request has come.
    pub(super) fn works(&self) {
        self.begin(Phase::Work);
    }

    /// The answer is ready.
    pub(super) fn answers(&self) {
        self.took();
        self.begin(Phase::Quiet);
    }

    /// Since when the client is waited for; nothing while it waits for the server.
    pub(super) fn waiting_since(&self) -> Option<Moment> {
        if self.is_in(Phase::Work) {
            None
        } else if self.is_in(Phase::Quiet) {
            Some(self.moved())
        } else {
            Some(self.since())
        }
    }

    /// Whether the client has been waited for too long. How long a body may take, its reader says.
    pub(super) fn is_overdue(&self, now: Moment, bounds: &Bounds) -> bool {
        if self.is_in(Phase::Quiet) {
            now.since(self.moved()) >= bounds.silence || now.since(self.since()) >= bounds.answer
        } else {
            self.is_in(Phase::Head) && now.since(self.since()) >= bounds.head
        }
    }

    fn begin(&self, phase: Phase) {
        self.since.store(self.now.latest.load(Relaxed), Relaxed);
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
