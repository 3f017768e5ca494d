//! The page about the session and the person's other sessions.

use std::time::Duration;

use dwell_overlay::words;
use leptos::prelude::*;

use super::document::{Document, GenerationField, SignedIn, Visitor};

/// Another live session of the same person (`E3`).
#[derive(Debug, Clone)]
pub struct OtherSession {
    /// How long ago it began.
    pub signed_in_ago: Duration,
    /// How long ago its last activity was.
    pub active_ago: Duration,
    /// The network address from which it began.
    pub address: String,
    /// The `User-Agent` of its browser.
    pub browser: String,
}

/// The page with the limits of this session and the person's other sessions.
#[component]
pub fn AccountPage(
    signed_in: SignedIn,
    /// The idle timeout in force.
    idle: Duration,
    /// The absolute timeout in force.
    absolute: Duration,
    /// The person's other live sessions.
    others: Vec<OtherSession>,
) -> impl IntoView {
    let status = signed_in.status;
    let email = signed_in.email.clone();
    view! {
        <Document title="Account" visitor=Visitor::SignedIn(signed_in)>
            <h1>"Account"</h1>
            <p>"You are signed in as " <strong>{email}</strong> "."</p>
            <section aria-labelledby="this-session">
                <h2 id="this-session">"This session"</h2>
                <dl class="facts">
                    <dt>"Ends without activity after"</dt>
                    <dd>{words::duration(idle)}</dd>
                    <dt>"Ends in any case after"</dt>
                    <dd>{words::duration(absolute)}</dd>
                    <dt>"You are warned before that, for"</dt>
                    <dd>{words::duration(status.warning)}</dd>
                    <dt>"Without activity, left when this page opened"</dt>
                    <dd>{words::duration(status.idle_remaining)}</dd>
                    <dt>"In any case, left when this page opened"</dt>
                    <dd>{words::duration(status.absolute_remaining)}</dd>
                </dl>
            </section>
            <section aria-labelledby="other-sessions">
                <h2 id="other-sessions">"Other sessions"</h2>
                {if others.is_empty() {
                    view! { <p class="quiet">"You are not signed in anywhere else."</p> }.into_any()
                } else {
                    view! {
                        <ul class="rows">
                            {others.into_iter().map(|other| view! { <Other other /> }).collect_view()}
                        </ul>
                        <form method="post" action="/account/sign-out-others">
                            <GenerationField generation=status.generation />
                            <button type="submit">"Sign out other sessions"</button>
                        </form>
                    }
                        .into_any()
                }}
            </section>
        </Document>
    }
}

#[component]
fn Other(other: OtherSession) -> impl IntoView {
    let OtherSession {
        signed_in_ago,
        active_ago,
        address,
        browser,
    } = other;
    view! {
        <li>
            <strong>{browser}</strong>
            <span class="quiet">
                {format!(
                    "{address}, signed in {} ago, active {} ago",
                    words::duration(signed_in_ago),
                    words::duration(active_ago),
                )}
            </span>
        </li>
    }
}
