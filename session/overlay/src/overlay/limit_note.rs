//! The note with the time left, which is shown while the user goes on working towards the absolute
//! timeout.

use leptos::prelude::*;

use super::{Context, bool_signal, click_handler, text_signal};
use crate::words;

/// The element with `role=status` is in the document before it has any content, because screen
/// readers announce only changes of it. It is outside of the dialog, which is closed (`G10`).
#[component]
pub(super) fn LimitNote(context: Context) -> impl IntoView {
    let texts = context.texts;
    let dismissed_countdown = move || context.countdown().filter(|shown| shown.dismissed);
    let left = text_signal(move || {
        dismissed_countdown()
            .map(|shown| words::clock(shown.seconds_left))
            .unwrap_or_default()
    });
    let announcement = text_signal(move || {
        dismissed_countdown()
            .as_ref()
            .map(texts.announcement)
            .unwrap_or_default()
    });
    view! {
        <p role="status" class="dwell-visually-hidden" prop:textContent=announcement></p>
        <aside
            class="dwell-limit-note"
            aria-label=texts.limit_note
            hidden=bool_signal(move || dismissed_countdown().is_none())
        >
            {texts.signed_out_in}
            <span
                role="timer"
                aria-live="off"
                translate="no"
                prop:textContent=left
            ></span> ". "
            <button type="button" on:click=click_handler(move || context.signs_in.set(true))>
                {texts.sign_in_again}
            </button>
        </aside>
    }
}
