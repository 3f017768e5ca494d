//! The page where one signs in.

use std::time::Duration;

use dwell_session::EndReason;
use leptos::prelude::*;

use super::document::{Document, Visitor};
use crate::{names::SIGN_IN_PATH, words};

/// Why signing in did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInTrouble {
    /// The address or the password is not right; which of them is not told.
    WrongCredentials,
    /// Too many people sign in at once.
    Busy,
}

/// The form, with what was said about the session that ended before.
#[component]
pub fn SignInPage(
    /// The idle timeout in force (`G5`).
    idle: Duration,
    /// Why the session before ended (`C7`).
    reason: Option<EndReason>,
    /// What went wrong with the attempt before.
    trouble: Option<SignInTrouble>,
    /// The address to fill in (`F4`).
    email: String,
    /// Where to go afterwards: a path on this server (`F5`).
    next: String,
) -> impl IntoView {
    let autofocus_password = !email.is_empty();
    view! {
        <Document title="Sign in" visitor=Visitor::Anonymous>
            <section class="card">
                <h1>"Sign in"</h1>
                {reason
                    .map(|reason| {
                        view! {
                            <p class="notice" role="status">
                                {explain(reason)}
                            </p>
                        }
                    })}
                {trouble
                    .map(|trouble| {
                        view! {
                            <p class="trouble" role="alert" id="trouble">
                                {complain(trouble)}
                            </p>
                        }
                    })}
                <form method="post" action=SIGN_IN_PATH>
                    <input type="hidden" name="next" value=next />
                    <label for="email">"E-mail"</label>
                    <input
                        id="email"
                        name="email"
                        type="email"
                        autocomplete="username"
                        required
                        maxlength="254"
                        value=email
                        autofocus=!autofocus_password
                        aria-describedby=trouble.map(|_| "trouble")
                    />
                    <label for="password">"Password"</label>
                    <input
                        id="password"
                        name="password"
                        type="password"
                        autocomplete="current-password"
                        required
                        maxlength="1024"
                        autofocus=autofocus_password
                        aria-describedby=trouble.map(|_| "trouble")
                    />
                    <button type="submit" class="primary">
                        "Sign in"
                    </button>
                </form>
                <p class="quiet">
                    "You will be signed out after " {words::duration(idle)}
                    " without activity. You are warned before that happens."
                </p>
            </section>
        </Document>
    }
}

fn explain(reason: EndReason) -> &'static str {
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
    }
}

fn complain(trouble: SignInTrouble) -> &'static str {
    match trouble {
        SignInTrouble::WrongCredentials => "The e-mail address or the password is not right.",
        SignInTrouble::Busy => "Too many people are signing in at this moment. Please try again.",
    }
}
