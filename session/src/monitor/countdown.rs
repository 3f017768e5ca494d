//! The content of the countdown.

use std::time::Duration;

use crate::{Instant, Limit};

/// The countdown to the deadline that the browser was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Countdown {
    /// The whole seconds left, rounded down, so that they are never more than what is left.
    pub seconds_left: u64,
    /// The limit that ends the session. If it is the absolute timeout, staying signed in is not
    /// offered, because only a new sign-in helps (`G3`).
    pub limit: Limit,
    /// Whether the user has asked to stay signed in, and whether the server has answered.
    pub extension: Extension,
    /// Whether the user has chosen to go on working until the absolute timeout.
    pub dismissed: bool,
    /// Whether the user was active and the server, which does not answer, has not learnt of it.
    pub unheard: bool,
}

/// The progress of "Stay signed in".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension {
    /// The user has not chosen it.
    NotAsked,
    /// The server is being asked.
    Asked,
    /// The server did not answer. It is being asked again.
    Unanswered,
}

impl Countdown {
    /// When the countdown to `deadline` has to show the next second.
    pub(super) fn next_tick(&self, deadline: Instant) -> Instant {
        deadline - Duration::from_secs(self.seconds_left) + Duration::from_millis(1)
    }
}
