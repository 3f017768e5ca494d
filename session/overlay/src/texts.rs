//! Everything that is said to a person.

use std::time::Duration;

use dwell_session::{Concealed, Countdown, EndReason, Limit};

use crate::words;

/// The texts of the overlay. [`Texts::ENGLISH`] is the default; a program that wants other texts has a
/// `static` of its own:
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
    /// What the dialog says of why the session is about to end, and what one can do.
    pub describe: fn(&Countdown) -> &'static str,
    /// What is said of the time that is left as the dialog opens, from the seconds that are left.
    pub time_left: fn(u64) -> String,
    /// What a screen reader says while the countdown runs. It is said whenever it changes.
    pub announcement: fn(&Countdown) -> String,
    /// The title of the document while the countdown runs, from the seconds that are left.
    pub title: fn(u64) -> String,
    /// The button that keeps the session.
    pub stay: &'static str,
    /// The button that closes the dialog where the session cannot be kept.
    pub keep_working: &'static str,
    /// The button that offers to sign in before the session ends.
    pub sign_in_again: &'static str,
    /// The button that signs out.
    pub sign_out: &'static str,
    /// What is said while the server does not answer to "Stay signed in".
    pub unanswered: &'static str,
    /// The name of the note with the time that is left.
    pub limit_note: &'static str,
    /// What stands before the time in that note.
    pub signed_out_in: &'static str,
    /// The heading and the explanation in the place of a concealed page. The heading is the title of
    /// the document, too.
    pub cover: fn(Concealed) -> Message,
    /// The button that asks the server again.
    pub try_again: &'static str,
    /// The name of the form for signing in, its button, and the link to the page where one signs in.
    pub sign_in: &'static str,
    /// What is said of the page while one may sign in in its place.
    pub kept: &'static str,
    /// The link to the page where one signs in, beside the form.
    pub start_afresh: &'static str,
    /// What is said where the server cannot be reached for signing in.
    pub unreachable: &'static str,
}

/// A heading with an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// A few words.
    pub heading: &'static str,
    /// A sentence or more.
    pub explanation: &'static str,
}

impl Texts {
    /// The default.
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
    /// What stands in the place of a page that has closed by itself.
    pub closed: Message,
    /// What is said there where something was typed into the form that must not be lost.
    pub typed: &'static str,
    /// The button that sends that form.
    pub send: &'static str,
    /// The link to the same page, afresh.
    pub open_again: &'static str,
    /// What a page says without scripts, from how long it can be seen after it was opened and whether it has
    /// a form that can still be sent then.
    pub closes: fn(Duration, bool) -> String,
}

impl PageTexts {
    /// The default.
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

/// Why one has to sign in again (`C7`).
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

/// Minutes are rounded down.
fn time_left(seconds: u64) -> String {
    match seconds {
        0..120 => format!("You will be signed out in {seconds} seconds."),
        _ => format!("You will be signed out in {} minutes.", seconds / 60),
    }
}

/// The seconds at which the time left is announced (`G10`).
const ANNOUNCED_AT: [u64; 3] = [10, 30, 60];

/// The sentence for the part of the countdown that `countdown` is in. It changes when one of the
/// announced seconds is reached, and not in between; a countdown that begins in between begins
/// with a sentence, which must not promise more than is left.
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
