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
    /// The told deadline has passed and grace has not: the server has been asked, and will be again.
    Grace,
    /// The server cannot be reached.
    Unreachable,
    /// The user signs out.
    SigningOut {
        /// The server did not answer, so the session lives on. It is being asked again.
        unanswered: bool,
    },
    /// The session has ended, for this reason if the server knows of one.
    Ended(Option<EndReason>),
}
