//! The page for signing in.

use std::time::Duration;

use dwell_overlay::{explain, words};
use dwell_session::EndReason;
use leptos::prelude::*;

use super::document::{Document, SignedIn, Visitor};
use crate::sign_in::{SignInFields, SignInTrouble};

/// The form, with the reason for which the session before ended, or with a link for somebody who is
/// signed in already.
///
/// The form has no `action`, so it is sent to the address of the page. In this way the browser
/// keeps the fragment of the address, which servers do not receive, for the page after signing in.
#[component]
pub fn SignInPage(
    /// The idle timeout in force (`G5`).
    idle: Duration,
    /// The session, if somebody is signed in already.
    signed_in: Option<SignedIn>,
    /// Why the session before ended (`C7`).
    reason: Option<EndReason>,
    /// Whether there are drafts of what was written in it (`F3`).
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
