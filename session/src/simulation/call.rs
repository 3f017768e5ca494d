//! The requests of browsers, and the answers of the server.

use std::{fmt, time::Duration};

use super::{plan::Person, store::SessionNo};
use crate::{ActiveStatus, Generation, Instant, Status};

/// A request to the server.
#[derive(Debug, Clone, Copy)]
pub(super) enum Call {
    KeepAlive {
        idle_for: Duration,
        generation: Generation,
    },
    Status {
        generation: Generation,
    },
    /// A navigation to a page of the application.
    Page {
        by_user: bool,
    },
    /// A submitted form, which is answered with a page.
    Form {
        generation: Generation,
    },
    SignInPage,
    SignIn {
        person: Person,
    },
    SignOut {
        generation: Generation,
    },
    RevokeOthers {
        generation: Generation,
    },
    /// A request that a page makes by itself.
    Poll,
}

impl Call {
    /// Whether the user did not cause it, so that it must not count as activity.
    pub(super) fn is_passive(&self) -> bool {
        match self {
            Self::Status { .. } | Self::Page { by_user: false } | Self::SignInPage | Self::Poll => {
                true
            }
            Self::KeepAlive { .. }
            | Self::Page { by_user: true }
            | Self::Form { .. }
            | Self::SignIn { .. }
            | Self::SignOut { .. }
            | Self::RevokeOthers { .. } => false,
        }
    }

    /// Whether the request may arrive twice, because a browser or a proxy has repeated it. Forms
    /// are not repeated.
    pub(super) fn may_arrive_twice(&self) -> bool {
        !matches!(self, Self::Form { .. } | Self::SignIn { .. })
    }
}

/// An answer of the server.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    Told(Status, Option<AnswerBasis>),
    Page(ActiveStatus, AnswerBasis),
    SignInPage,
    SignedIn(SessionNo),
    SignedOut,
    Done,
    /// 403 or 409.
    Refused,
    /// 503.
    Unavailable,
}

/// The session that an answer is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnswerBasis {
    pub(super) session: SessionNo,
    /// The deadline of the session at the time of the answer.
    pub(super) deadline: Instant,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeepAlive { idle_for, .. } => {
                write!(f, "a keep-alive for activity {idle_for:?} ago")
            }
            Self::Status { .. } => f.write_str("a request for the status"),
            Self::Page { by_user: true } => f.write_str("a navigation of the user"),
            Self::Page { by_user: false } => f.write_str("a navigation of the page itself"),
            Self::Form { .. } => f.write_str("a form"),
            Self::SignInPage => f.write_str("a request for the sign-in page"),
            Self::SignIn { person } => write!(f, "a sign-in as {person}"),
            Self::SignOut { .. } => f.write_str("a sign-out"),
            Self::RevokeOthers { .. } => f.write_str("a request to end all other sessions"),
            Self::Poll => f.write_str("a request of the page itself"),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told(Status::Active(status), _) | Self::Page(status, _) => write!(
                f,
                "the session is live, idle {:?} left, absolute {:?} left",
                status.idle_remaining, status.absolute_remaining
            ),
            Self::Told(Status::Ended { reason }, _) => write!(f, "the session has ended: {reason}"),
            Self::Told(Status::Anonymous, _) => f.write_str("nobody is signed in"),
            Self::SignInPage => f.write_str("the sign-in page"),
            Self::SignedIn(session) => write!(f, "session {session} has begun"),
            Self::SignedOut => f.write_str("signed out"),
            Self::Done => f.write_str("done"),
            Self::Refused => f.write_str("refused"),
            Self::Unavailable => f.write_str("unavailable"),
        }
    }
}
