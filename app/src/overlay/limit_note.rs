//! The note that stays when the user goes on working towards the absolute timeout.

use dwell_session::Countdown;
use leptos::prelude::*;

use super::announcement::announcement;
use crate::words;

/// What speaks stands in the document before it has anything to say, and outside of the dialog,
/// which is closed (`G10`).
#[component]
pub(super) fn LimitNote(
    countdown: Memo<Option<Countdown>>,
    signs_in: RwSignal<bool>,
) -> impl IntoView {
    let noted = Memo::new(move |_| countdown.get().filter(|shown| shown.dismissed));
    let is_shown = Memo::new(move |_| noted.get().is_some());
    let left = move || noted.get().map_or(0, |shown| shown.seconds_left);
    let said = move || noted.get().as_ref().map(announcement).unwrap_or_default();
    view! {
        <p role="status" class="visually-hidden" prop:textContent=said></p>
        <Show when=move || is_shown.get()>
            <aside class="limit-note" aria-label="Time left">
                "Signed out in "
                <span
                    role="timer"
                    aria-live="off"
                    translate="no"
                    prop:textContent=move || words::clock(left())
                ></span> ". "
                <button type="button" class="plain" on:click=move |_| signs_in.set(true)>
                    "Sign in again"
                </button>
            </aside>
        </Show>
    }
}
