//! The note that stays when the user goes on working towards the absolute timeout.

use dwell_session::Countdown;
use leptos::prelude::*;

use crate::words;

#[component]
pub(super) fn LimitNote(
    countdown: Memo<Option<Countdown>>,
    sign_in_again: String,
) -> impl IntoView {
    let dismissed = Memo::new(move |_| countdown.get().is_some_and(|shown| shown.dismissed));
    view! {
        <Show when=move || dismissed.get()>
            <aside class="limit-note" aria-label="Time left">
                "Signed out in "
                <span role="timer" aria-live="off">
                    {move || countdown.get().map(|countdown| words::clock(countdown.seconds_left))}
                </span>
                ". "
                <a href=sign_in_again.clone()>"Sign in again"</a>
            </aside>
        </Show>
    }
}
