//! The note that stays when the user goes on working towards the absolute timeout.

use dwell_session::Screen;
use leptos::prelude::*;

use super::{announcement::announcement, click, countdown, text, whether};
use crate::words;

/// What speaks stands in the document before it has anything to say, and outside of the dialog,
/// which is closed (`G10`).
#[component]
pub(super) fn LimitNote(screen: ReadSignal<Screen>, signs_in: RwSignal<bool>) -> impl IntoView {
    let noted = move || countdown(screen).filter(|shown| shown.dismissed);
    let left = text(move || {
        noted()
            .map(|shown| words::clock(shown.seconds_left))
            .unwrap_or_default()
    });
    let said = text(move || noted().as_ref().map(announcement).unwrap_or_default());
    view! {
        <p role="status" class="visually-hidden" prop:textContent=said></p>
        <aside class="limit-note" aria-label="Time left" hidden=whether(move || noted().is_none())>
            "Signed out in "
            <span
                role="timer"
                aria-live="off"
                translate="no"
                prop:textContent=left
            ></span> ". "
            <button type="button" class="plain" on:click=click(move || signs_in.set(true))>
                "Sign in again"
            </button>
        </aside>
    }
}
