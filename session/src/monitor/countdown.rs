//! What the countdown shows.

use std::time::Duration;

use crate::{Instant, Limit};

/// The countdown to the told deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Countdown {
    /// Whole seconds left, rounded down: never more than what is left.
    pub seconds_left: u64,
    /// What ends the session. Where it is the absolute timeout, staying signed in is not
    /// to be had and only a new sign-in helps (`G3`).
    pub limit: Limit,
    /// How far an extension has come.
    pub extension: Extension,
    /// The user has chosen to go on working until the absolute timeout.
    pub dismissed: bool,
    /// The user was active, and the server, which does not answer, has not heard of it.
    pub unheard: bool,
}

/// How far "Stay signed in" has come.
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
    /// When another second is to be shown on the way to `deadline`.
    pub(super) fn next_tick(&self, deadline: Instant) -> Instant {
        deadline - Duration::from_secs(self.seconds_left) + Duration::from_millis(1)
    }
}
