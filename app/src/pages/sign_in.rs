//! The page where one signs in.

use std::time::Duration;

use dwell_overlay::{explain, words};
use dwell_session::EndReason;
use leptos::prelude::*;

use super::document::{Document, SignedIn, Visitor};
use crate::sign_in::{SignInFields, SignInTrouble};

/// The form, with what was said about the session that ended before, or with a way on for somebody
/// who is signed in already.
///
/// The form has no address of its own: it goes to that of the page, so that the browser takes a
/// fragment, which no server sees, along to where signing in leads.
#[component]
pub fn SignInPage(
    /// The idle timeout in force (`G5`).
    idle: Duration,
    /// Who is signed in already.
    signed_in: Option<SignedIn>,
    /// Why the session before ended (`C7`).
    reason: Option<EndReason>,
    /// Whether something that was written in it is kept (`F3`).
    has_drafts: bool,
    /// What went wrong with the attempt before.
    trouble: Option<SignInTrouble>,
    /// The address to fill in (`F4`).
    email: String,
    /// Where to go afterwards: a path on this server (`F5`).
    next: String,
) -> impl IntoView {
    let account = signed_in.as_ref().map(|signed_in| signed_in.email.clone());
    let visitor = signed_in.map_or(Visitor::Anonymous, Visitor::SignedIn);
    view! {
        <Document title="Sign in" visitor>
            <section class="card">
                <h1>"Sign in"</h1>
                {account
                    .map(|account| {
                        view! {
                            <p class="notice" role="status">
                                "You are signed in as " <strong>{account}</strong> "."
                            </p>
                            <p>
                                <a class="button primary" href=next.clone()>
                                    "Go on"
                                </a>
                            </p>
                            <h2>"Sign in again, or as somebody else"</h2>
                        }
                    })}
                {reason
                    .map(|reason| {
                        view! {
                            <p class="notice" role="status">
                                {explain(reason)}
                                {has_drafts
                                    .then_some(
                                        " What you wrote and did not save is kept as a draft, and \
                                         waits for you in your workspace.",
                                    )}
                            </p>
                        }
                    })}
                {trouble
                    .map(|trouble| {
                        view! {
                            <p class="trouble" role="alert" id="trouble">
                                {trouble.message()}
                            </p>
                        }
                    })}
                <form method="post">
                    <input type="hidden" name="next" value=next.clone() />
                    <SignInFields email described_by=trouble.map(|_| "trouble") />
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
