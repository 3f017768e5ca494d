//! What the user sees of a page.

use super::Countdown;
use crate::EndReason;

/// What the user should see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// The page alone.
    Page,
    /// The countdown over the page.
    Countdown(Countdown),
    /// A cover in place of the page.
    Concealed(Concealed),
}

/// Why the page is concealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concealed {
    /// The server is being asked.
    Confirming,
    /// The told deadline has passed, but grace is not over. The server has been asked, and is asked
    /// again when grace is over.
    Grace,
    /// The server cannot be reached. It is asked again.
    Unreachable,
    /// The user is signing out.
    SigningOut {
        /// Whether the server did not answer, so that the session may go on. It is asked again.
        unanswered: bool,
    },
    /// The session has ended, for this reason if the server knows it.
    Ended(Option<EndReason>),
}
