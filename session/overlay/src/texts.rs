//! All texts that users see.

use std::time::Duration;

use dwell_session::{Concealed, Countdown, EndReason, Limit};

use crate::words;

/// The texts of the overlay. [`Texts::ENGLISH`] is the default. A program that wants other texts
/// defines its own `static`:
///
/// ```
/// use dwell_overlay::Texts;
///
/// static BRIEF: Texts = Texts {
///     sign_out: "Leave",
///     ..*Texts::ENGLISH
/// };
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Texts {
    /// The name of the dialog with the countdown.
    pub warning: &'static str,
    /// The explanation in the dialog: why the session is about to end, and what the user can do.
    pub describe: fn(&Countdown) -> &'static str,
    /// The time left when the dialog opens, from the seconds that are left. Screen readers read it
    /// as a part of the dialog's description.
    pub time_left: fn(u64) -> String,
    /// What screen readers announce while the countdown is shown. It is announced whenever it
    /// changes.
    pub announcement: fn(&Countdown) -> String,
    /// The title of the document while the countdown is shown, from the seconds that are left.
    pub title: fn(u64) -> String,
    /// The button that extends the session.
    pub stay: &'static str,
    /// The button that closes the dialog if the session cannot be extended.
    pub keep_working: &'static str,
    /// The button that offers to sign in before the session ends.
    pub sign_in_again: &'static str,
    /// The button that signs out.
    pub sign_out: &'static str,
    /// The message that the server does not answer to "Stay signed in".
    pub unanswered: &'static str,
    /// The name of the note with the time that is left.
    pub limit_note: &'static str,
    /// The text before the time in that note.
    pub signed_out_in: &'static str,
    /// The heading and the explanation on the cover of a concealed page. The heading is also the
    /// title of the document.
    pub cover: fn(Concealed) -> Message,
    /// The button that asks the server again.
    pub try_again: &'static str,
    /// The name of the form for signing in, its button, and the link to the page for signing in.
    pub sign_in: &'static str,
    /// The explanation beside the form that the page is kept until the user signs in.
    pub kept: &'static str,
    /// The link to the page for signing in that stands beside the form.
    pub start_afresh: &'static str,
    /// The message that the server cannot be reached for signing in.
    pub unreachable: &'static str,
}

/// A heading with an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// The heading, which is a few words.
    pub heading: &'static str,
    /// The explanation, which is a sentence or more.
    pub explanation: &'static str,
}

impl Texts {
    /// The English texts.
    pub const ENGLISH: &'static Self = &Self {
        warning: "You are about to be signed out",
        describe,
        time_left,
        announcement,
        title,
        stay: "Stay signed in",
        keep_working: "Keep working",
        sign_in_again: "Sign in again",
        sign_out: "Sign out now",
        unanswered: "The server does not answer. Trying again.",
        limit_note: "Time left",
        signed_out_in: "Signed out in ",
        cover,
        try_again: "Try again",
        sign_in: "Sign in",
        kept: "Your page is kept as it was, hidden, until you sign in. ",
        start_afresh: "Start afresh instead",
        unreachable: "The server does not answer. Please try again.",
    };
}

/// The texts of a page that the server renders. [`PageTexts::ENGLISH`] is the default.
#[derive(Debug, Clone, Copy)]
pub struct PageTexts {
    /// The cover of a page that the guard has closed.
    pub closed: Message,
    /// The addition to it for a page whose form has to be submitted, so that its input is not lost.
    pub typed: &'static str,
    /// The button that submits that form.
    pub send: &'static str,
    /// The link that loads the page again.
    pub open_again: &'static str,
    /// The notice of when the page will close, for browsers without scripts. Its arguments are how
    /// long the page can be seen after it was opened, and whether it has a form that can still be
    /// submitted then.
    pub closes: fn(Duration, bool) -> String,
}

impl PageTexts {
    /// The English texts.
    pub const ENGLISH: &'static Self = &Self {
        closed: Message {
            heading: "This page has been closed",
            explanation: "The time you were signed in for on this page has run out.",
        },
        typed: "What you had typed is still here. Send it, and it is kept for you while you sign in \
                again.",
        send: "Send what I typed",
        open_again: "Open it again",
        closes,
    };
}

/// The explanation why the user has to sign in again (`C7`).
pub fn explain(reason: EndReason) -> &'static str {
    match reason {
        EndReason::IdleTimeout => {
            "You were signed out because you had not been active for a while. \
             Sign in to go on where you were."
        }
        EndReason::AbsoluteTimeout => {
            "You were signed out because your session had reached the longest time it may last. \
             Sign in to go on where you were."
        }
        EndReason::SignedOut => "You have signed out.",
        EndReason::Revoked => "You were signed out from somewhere else.",
        EndReason::Replaced => "You were signed out here because of a new sign-in.",
        EndReason::Restored => {
            "You were signed out because the server was restored from a backup. \
             Sign in to go on where you were."
        }
    }
}

fn describe(countdown: &Countdown) -> &'static str {
    if countdown.limit == Limit::Absolute {
        "This session reaches the longest time it may last. Sign in again here to go on with \
         everything as it is."
    } else if countdown.unheard {
        "The server cannot be reached, so it does not know that you are active. It is being asked \
         again, and you stay signed in if it answers in time."
    } else {
        "You have not been active for a while. Stay signed in to go on where you are."
    }
}

/// From two minutes on, the text has whole minutes, rounded down.
fn time_left(seconds: u64) -> String {
    match seconds {
        0..120 => format!("You will be signed out in {seconds} seconds."),
        _ => format!("You will be signed out in {} minutes.", seconds / 60),
    }
}

/// The seconds at which the time left is announced (`G10`).
const ANNOUNCED_AT: [u64; 3] = [10, 30, 60];

/// The announcement for the current part of the countdown. It changes only when one of the
/// announced seconds is reached. A countdown that begins between two of them begins with an
/// announcement too, which must not promise more time than is left.
fn announcement(countdown: &Countdown) -> String {
    let Some(seconds) = ANNOUNCED_AT
        .into_iter()
        .find(|seconds| countdown.seconds_left <= *seconds)
    else {
        return String::new();
    };
    let choices = match countdown.limit {
        Limit::Idle => "Choose Stay signed in to go on, or Sign out now.",
        Limit::Absolute if countdown.dismissed => "Choose Sign in again to go on.",
        Limit::Absolute => "Choose Sign in again to go on, Keep working, or Sign out now.",
    };
    format!("You will be signed out within {seconds} seconds. {choices}")
}

fn title(seconds: u64) -> String {
    words::clock(seconds) + " until you are signed out"
}

fn cover(concealed: Concealed) -> Message {
    let (heading, explanation) = match concealed {
        Concealed::Confirming => (
            "Just a moment",
            "Your page is hidden while the server is asked whether you are still signed in.",
        ),
        Concealed::Grace => (
            "Just a moment",
            "The time you were signed in for has run out. The server waits a few seconds more for \
             what you did last to arrive, and then you can sign in again.",
        ),
        Concealed::Unreachable => (
            "No connection",
            "Your page is hidden, because the time you were signed in for has run out and the \
             server cannot be reached. It is being asked again, and your page comes back by itself \
             if you are still signed in.",
        ),
        Concealed::SigningOut { unanswered: false } => (
            "Signing you out",
            "Your page is hidden. You are signed out as soon as the server has answered.",
        ),
        Concealed::SigningOut { unanswered: true } => (
            "You are not signed out yet",
            "Your page is hidden, but the server cannot be reached, and until it is, your session \
             goes on there. Keep this page open: it signs you out as soon as there is a connection.",
        ),
        Concealed::Ended(Some(reason)) => (
            "You are signed out",
            match reason.keeps_page() {
                true => explain(reason),
                false => "You are being taken to where you can sign in again.",
            },
        ),
        Concealed::Ended(None) => (
            "Sign in to go on",
            "This browser has lost what it was signed in with, so the server cannot tell whether \
             you still are. Sign in to go on where you were.",
        ),
    };
    Message {
        heading,
        explanation,
    }
}

fn closes(left: Duration, has_form: bool) -> String {
    let left = words::duration(left);
    let then = match has_form {
        true => "What you have typed by then can still be sent.",
        false => "Save or copy what you need before.",
    };
    format!("This page closes {left} after it was opened, to protect what is on it. {then}")
}

#[cfg(test)]
mod tests {
    use dwell_session::Extension;

    use super::*;

    // G10
    #[test]
    fn a_countdown_of_two_minutes_is_announced_three_times() {
        let mut said: Vec<String> = (0..=120)
            .rev()
            .map(|seconds_left| {
                announcement(&Countdown {
                    seconds_left,
                    limit: Limit::Idle,
                    extension: Extension::NotAsked,
                    dismissed: false,
                    unheard: false,
                })
            })
            .filter(|sentence| !sentence.is_empty())
            .collect();
        said.dedup();
        assert_eq!(said.len(), 3);
        assert!(said[0].contains("60 seconds"));
        assert!(said[2].contains("10 seconds"));
        assert!(
            said.iter()
                .all(|sentence| sentence.contains(Texts::ENGLISH.stay)
                    && sentence.contains(Texts::ENGLISH.sign_out))
        );
    }
}
