//! What closes a page at the told deadline where the code in the browser does not run: a style that
//! needs no script, a short script that needs no other, and, without scripts, a visit to the server.

use std::time::Duration;

use dwell_session::ActiveStatus;
use leptos::{nonce::use_nonce, prelude::*};

use crate::words;

const STYLE: &str = include_str!("guard.css");
const SCRIPT: &str = include_str!("guard.js");

/// What may be shown of a page, and what is to become of it afterwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guarded {
    pub status: ActiveStatus,
    /// The id of the form that is sent rather than lost with what was typed into it.
    pub form: Option<&'static str>,
    /// Where the page is had again, from itself.
    pub address: &'static str,
}

impl Guarded {
    /// How long the page may be shown.
    fn left(&self) -> Duration {
        let ActiveStatus {
            idle_remaining,
            absolute_remaining,
            ..
        } = self.status;
        idle_remaining.min(absolute_remaining)
    }

    /// When the session has ended, if nothing extends it, in whole seconds. The server knows by then.
    fn over(&self) -> u64 {
        let ActiveStatus {
            idle_remaining,
            absolute_remaining,
            grace,
            ..
        } = self.status;
        let over = (idle_remaining + grace).min(absolute_remaining);
        over.as_secs() + 2
    }
}

/// For the head of the document.
#[component]
pub(super) fn GuardStyle(guarded: Guarded) -> impl IntoView {
    let left_ms = guarded.left().as_millis();
    let style = format!(":root {{\n    --dwell-left: {left_ms}ms;\n}}\n\n{STYLE}");
    view! { <style nonce=use_nonce()>{style}</style> }
}

/// For the head of the document. Without scripts, somebody whose work cannot be lost by it is led to
/// where the server tells what has become of the session. The browser says that nobody asked it to,
/// so that extends nothing.
#[component]
pub(super) fn GuardVisit(guarded: Guarded) -> impl IntoView {
    let Guarded { form, address, .. } = guarded;
    let visit = match address {
        "" => guarded.over().to_string(),
        _ => format!("{}; url={address}", guarded.over()),
    };
    form.is_none().then(|| {
        view! {
            <noscript>
                <meta http-equiv="refresh" content=visit />
            </noscript>
        }
    })
}

/// For the page itself: says without scripts, which could count down, when it will close (`G6`).
#[component]
pub(super) fn GuardNotice(guarded: Guarded) -> impl IntoView {
    let left = words::duration(guarded.left());
    let then = match guarded.form {
        Some(_) => "What you have typed by then can still be sent.",
        None => "Save or copy what you need before.",
    };
    let notice =
        format!("This page closes {left} after it was opened, to protect what is on it. {then}");
    view! {
        <noscript>
            <p class="quiet closes">{notice}</p>
        </noscript>
    }
}

/// For the end of the body: what stands in place of the page when its time is over.
#[component]
pub(super) fn GuardCover(guarded: Guarded) -> impl IntoView {
    let Guarded { form, address, .. } = guarded;
    view! {
        <section id="guard" aria-labelledby="guard-heading">
            <div class="cover">
                <div role="status">
                    <h1 id="guard-heading">"This page has been closed"</h1>
                    <p>"The time you were signed in for on this page has run out."</p>
                    {form
                        .map(|_| {
                            view! {
                                <p>
                                    "What you had typed is still here. Send it, and it is kept for you \
                                     while you sign in again."
                                </p>
                            }
                        })}
                </div>
                <div class="choices">
                    {form
                        .map(|form| {
                            view! {
                                <button type="submit" form=form formnovalidate class="primary">
                                    "Send what I typed"
                                </button>
                            }
                        })}
                    <a class="button" href=address>
                        "Open it again"
                    </a>
                </div>
            </div>
        </section>
        <script nonce=use_nonce()>{SCRIPT}</script>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{PAGE_ID, STATE_ATTRIBUTE, STATUS_META};

    #[test]
    fn the_style_and_the_script_find_what_they_name() {
        assert!(STYLE.contains(&format!("#{PAGE_ID} {{")));
        assert!(SCRIPT.contains(&format!("\"{STATE_ATTRIBUTE}\"")));
        assert!(SCRIPT.contains(&format!("meta[name=\"{STATUS_META}\"]")));
    }
}
