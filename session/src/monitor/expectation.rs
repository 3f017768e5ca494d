//! When the browser expects the server to end the session, on the browser's clock.

use std::time::Duration;

use crate::{ActiveStatus, Generation, Instant, Limit};

/// The durations of an [`ActiveStatus`], counted from the instant at which the request for it was
/// sent.
///
/// The server answered after that instant, so no deadline here is later than the server's (`I1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expectation {
    idle_at: Instant,
    absolute_at: Instant,
    warning: Duration,
    grace: Duration,
    touch_interval: Duration,
    generation: Generation,
}

impl Expectation {
    pub(super) fn new(status: &ActiveStatus, asked_at: Instant) -> Self {
        Self {
            idle_at: asked_at + status.idle_remaining,
            absolute_at: asked_at + status.absolute_remaining,
            warning: status.warning,
            grace: status.grace,
            touch_interval: status.touch_interval,
            generation: status.generation,
        }
    }

    /// The expectation after another status of the same session.
    ///
    /// During grace the server always answers that no time is left. Then the earlier expectation
    /// says more precisely when grace began.
    pub(super) fn updated(&self, status: &ActiveStatus, asked_at: Instant) -> Self {
        let told = Self::new(status, asked_at);
        if status.idle_remaining.is_zero() {
            Self {
                idle_at: self.idle_at.min(told.idle_at),
                ..told
            }
        } else {
            told
        }
    }

    pub(super) fn idle_at(&self) -> Instant {
        self.idle_at
    }

    /// Whether the told deadline would be later with this idle deadline.
    pub(super) fn would_extend(&self, idle_at: Instant) -> bool {
        let (told, _) = self.told_deadline();
        idle_at.min(self.absolute_at) > told
    }

    pub(super) fn told_deadline(&self) -> (Instant, Limit) {
        if self.idle_at < self.absolute_at {
            (self.idle_at, Limit::Idle)
        } else {
            (self.absolute_at, Limit::Absolute)
        }
    }

    /// When the warning period begins.
    pub(super) fn warn_at(&self) -> Instant {
        let (told, _) = self.told_deadline();
        told - self.warning
    }

    /// The latest instant for a report of activity that keeps the countdown from being shown.
    pub(super) fn latest_report_at(&self) -> Instant {
        self.idle_at - self.warning - self.grace
    }

    /// When the server ends the session if nothing extends it. The absolute timeout has no grace,
    /// since nothing can extend it.
    pub(super) fn server_end_at(&self) -> Instant {
        (self.idle_at + self.grace).min(self.absolute_at)
    }

    /// The limit to warn of: the absolute timeout if staying signed in would not end the warning
    /// period, and otherwise the idle timeout.
    pub(super) fn limit_ahead(&self, now: Instant) -> Limit {
        if self.absolute_at <= now + self.warning {
            Limit::Absolute
        } else {
            Limit::Idle
        }
    }

    pub(super) fn touch_interval(&self) -> Duration {
        self.touch_interval
    }

    pub(super) fn generation(&self) -> Generation {
        self.generation
    }
}
