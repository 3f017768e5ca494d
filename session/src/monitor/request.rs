//! What the monitor asks of the server.

use std::time::Duration;

/// A request to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Names the request when its answer is handed back.
    pub attempt: Attempt,
    /// What it is for.
    pub purpose: Purpose,
}

/// Names one request of one monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt(u32);

impl Attempt {
    pub(super) fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To report activity of the user.
    KeepAlive {
        /// How long ago the user was last active.
        idle_for: Duration,
    },
    /// To ask for the status, which is passive.
    Status,
    /// To sign out.
    SignOut,
}
