//! The page where one signs in.

use std::time::Duration;

use dwell_session::EndReason;
use leptos::prelude::*;

use super::document::{Document, Visitor};
use crate::{
    names::SIGN_IN_PATH,
    sign_in::{SignInFields, SignInTrouble, explain},
    words,
};

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
                                {trouble.message()}
                            </p>
                        }
                    })}
                <form method="post" action=SIGN_IN_PATH>
                    <input type="hidden" name="next" value=next />
                    <SignInFields email described_by=trouble.map(|_| "trouble") />
                </form>
                <p class="quiet">
                    "You will be signed out after " {words::duration(idle)}
                    " without activity. You are warned before that happens."
                </p>
            </section>
        </Document>
    }
}
