//! The requests of the monitor to the server.

use std::time::Duration;

/// A request to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Identifies the request when its result is passed to the monitor.
    pub attempt: Attempt,
    /// The purpose of the request.
    pub purpose: Purpose,
}

/// Identifies one request of one monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt(u32);

impl Attempt {
    pub(super) fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// The purpose of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Report that the user was active, which extends the session.
    KeepAlive {
        /// How long ago the user was last active.
        idle_for: Duration,
    },
    /// Ask for the status, which is passive and does not extend the session.
    Status,
    /// Sign out.
    SignOut,
}
