//! The note that stays when the user goes on working towards the absolute timeout.

use leptos::prelude::*;

use super::{Context, click, text, whether};
use crate::words;

/// What speaks stands in the document before it has anything to say, and outside of the dialog,
/// which is closed (`G10`).
#[component]
pub(super) fn LimitNote(context: Context) -> impl IntoView {
    let texts = context.texts;
    let noted = move || context.countdown().filter(|shown| shown.dismissed);
    let left = text(move || {
        noted()
            .map(|shown| words::clock(shown.seconds_left))
            .unwrap_or_default()
    });
    let said = text(move || noted().as_ref().map(texts.announcement).unwrap_or_default());
    view! {
        <p role="status" class="dwell-visually-hidden" prop:textContent=said></p>
        <aside
            class="dwell-limit-note"
            aria-label=texts.limit_note
            hidden=whether(move || noted().is_none())
        >
            {texts.signed_out_in}
            <span
                role="timer"
                aria-live="off"
                translate="no"
                prop:textContent=left
            ></span> ". "
            <button type="button" on:click=click(move || context.signs_in.set(true))>
                {texts.sign_in_again}
            </button>
        </aside>
    }
}
