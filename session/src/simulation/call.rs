//! What browsers ask of the server, and what it answers.

use std::{fmt, time::Duration};

use super::{plan::Person, store::SessionNo};
use crate::{ActiveStatus, Generation, Instant, Status};

/// What a browser asks for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Call {
    KeepAlive {
        idle_for: Duration,
        generation: Generation,
    },
    Status {
        generation: Generation,
    },
    /// A page of the application.
    Page {
        by_user: bool,
    },
    /// A form, which is answered with a page.
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
    /// Something that a page fetches by itself.
    Poll,
}

impl Call {
    /// Whether it says nothing of the user.
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

    /// Browsers and proxies repeat what got lost on the way, unless it is a form.
    pub(super) fn may_arrive_twice(&self) -> bool {
        !matches!(self, Self::Form { .. } | Self::SignIn { .. })
    }
}

/// What the server answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    Told(Status, Option<Basis>),
    Page(ActiveStatus, Basis),
    SignInPage,
    SignedIn(SessionNo),
    SignedOut,
    Done,
    /// 403 or 409.
    Refused,
    /// 503.
    Unavailable,
}

/// What an answer goes by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Basis {
    pub(super) session: SessionNo,
    /// The deadline that the browser is told of.
    pub(super) deadline: Instant,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeepAlive { idle_for, .. } => write!(f, "a keep-alive: active {idle_for:?} ago"),
            Self::Status { .. } => f.write_str("a question for the status"),
            Self::Page { by_user: true } => f.write_str("for a page, by the user"),
            Self::Page { by_user: false } => f.write_str("for a page, by itself"),
            Self::Form { .. } => f.write_str("a form"),
            Self::SignInPage => f.write_str("for the sign-in page"),
            Self::SignIn { person } => write!(f, "a sign-in as {person}"),
            Self::SignOut { .. } => f.write_str("a sign-out"),
            Self::RevokeOthers { .. } => f.write_str("a sign-out of all others"),
            Self::Poll => f.write_str("for something, by itself"),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told(Status::Active(status), _) | Self::Page(status, _) => write!(
                f,
                "the session lives, idle {:?} left, absolute {:?}",
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
