//! What is to be seen of a page.

use super::Countdown;
use crate::EndReason;

/// What is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// The page, and nothing else.
    Page,
    /// The page behind a countdown.
    Countdown(Countdown),
    /// Nothing of the page.
    Concealed(Concealed),
}

/// Why the page is concealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concealed {
    /// The server is being asked.
    Confirming,
    /// The server cannot be reached.
    Unreachable,
    /// The session has ended.
    Ended(EndReason),
}
