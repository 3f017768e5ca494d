//! The modal dialog that counts down.

use dwell_session::{Countdown, Extension, Limit};
use leptos::{
    ev::{self, KeyboardEvent},
    html,
    prelude::*,
};

use super::{PageContext, announcement::announcement};
use crate::{
    names::{GENERATION_FIELD, SIGN_OUT_PATH},
    words,
};

/// A real modal dialog: the rest of the page is inert, focus goes in and comes back
/// (`G7`, `G8`, `G9`).
#[component]
pub(super) fn Warning(
    countdown: Memo<Option<Countdown>>,
    page: PageContext,
    on_stay: Callback<()>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let first_button = NodeRef::<html::Button>::new();
    let is_open = Memo::new(move |_| countdown.get().is_some_and(|shown| !shown.dismissed));
    let limit = Memo::new(move |_| countdown.get().map(|countdown| countdown.limit));
    let extension = Memo::new(move |_| countdown.get().map(|countdown| countdown.extension));

    let focused_before = StoredValue::new_local(None::<web_sys::HtmlElement>);
    let open_or_close = move || {
        let Some(dialog) = dialog.get() else { return };
        if is_open.get() && !dialog.open() {
            focused_before.set_value(focused_element());
            // Fails only for a dialog that is open or in no document; neither can be here.
            let _ = dialog.show_modal();
            if let Some(button) = first_button.get() {
                let _ = button.focus();
            }
        } else if !is_open.get() && dialog.open() {
            dialog.close();
            focused_before.with_value(give_back_caret);
        }
    };
    Effect::new(move |_| open_or_close());

    // Escape would close the dialog and leave the session to end.
    let stay_on_escape = move |event: ev::Event| {
        event.prevent_default();
        on_stay.run(());
    };
    // A browser that is told so twice in a row closes it all the same.
    let reopen = move |_: ev::Event| untrack(open_or_close);
    let contain_tab = move |event: KeyboardEvent| {
        if event.key() == "Tab"
            && let Some(dialog) = dialog.get_untracked()
        {
            wrap_focus(&dialog, &event);
        }
    };

    view! {
        <dialog
            node_ref=dialog
            class="warning"
            role="alertdialog"
            aria-labelledby="dwell-warning-name"
            aria-describedby="dwell-warning-description"
            on:cancel=stay_on_escape
            on:close=reopen
            on:keydown=contain_tab
        >
            <h2 id="dwell-warning-name">"You are about to be signed out"</h2>
            <p role="timer" aria-live="off" class="clock">
                {move || countdown.get().map(|countdown| words::clock(countdown.seconds_left))}
            </p>
            <p id="dwell-warning-description">{move || limit.get().map(describe)}</p>
            <p role="alert" class="trouble">
                {move || {
                    (extension.get() == Some(Extension::Unanswered))
                        .then_some("The server does not answer. Trying again.")
                }}
            </p>
            <div class="choices">
                <button
                    node_ref=first_button
                    type="button"
                    class="primary"
                    aria-busy=move || (extension.get() == Some(Extension::Asked)).to_string()
                    on:click=move |_| on_stay.run(())
                >
                    {move || match limit.get() {
                        Some(Limit::Absolute) => "Keep working",
                        Some(Limit::Idle) | None => "Stay signed in",
                    }}
                </button>
                {move || {
                    (limit.get() == Some(Limit::Absolute))
                        .then(|| {
                            view! {
                                <a class="button" href=page.sign_in_again.clone()>
                                    "Sign in again"
                                </a>
                            }
                        })
                }}
                <form method="post" action=SIGN_OUT_PATH>
                    <input
                        type="hidden"
                        name=GENERATION_FIELD
                        value=page.generation.to_string()
                    />
                    <button type="submit">"Sign out now"</button>
                </form>
            </div>
            <p role="status" class="visually-hidden">
                {move || countdown.get().as_ref().map(announcement)}
            </p>
        </dialog>
    }
}

fn describe(limit: Limit) -> &'static str {
    match limit {
        Limit::Idle => {
            "You have not been active for a while. \
             Stay signed in to go on where you are."
        }
        Limit::Absolute => {
            "This session reaches the longest time it may last. Save your work, \
             then sign in again to go on."
        }
    }
}

fn focused_element() -> Option<web_sys::HtmlElement> {
    use wasm_bindgen::JsCast as _;
    document().active_element()?.dyn_into().ok()
}

/// Chromium gives the focus back to the field, but not the caret if the dialog was closed by a
/// click: what is typed then would be lost.
fn give_back_caret(element: &Option<web_sys::HtmlElement>) {
    let Some(element) = element else { return };
    if focused_element().as_ref() == Some(element) {
        let _ = element.blur();
        let _ = element.focus();
    }
}

/// Keeps Tab within the dialog; browsers would let it out to their own controls.
fn wrap_focus(dialog: &web_sys::HtmlDialogElement, event: &KeyboardEvent) {
    let Ok(stops) = dialog.query_selector_all("button, a[href]") else {
        return;
    };
    let stop = |index: u32| {
        use wasm_bindgen::JsCast as _;
        stops.item(index)?.dyn_into::<web_sys::HtmlElement>().ok()
    };
    let (first, last) = (stop(0), stop(stops.length().saturating_sub(1)));
    let active = document().active_element();
    let is_active = |element: &Option<web_sys::HtmlElement>| {
        element.as_ref().map(AsRef::<web_sys::Element>::as_ref) == active.as_ref()
    };
    let target = match event.shift_key() {
        true if is_active(&first) => last,
        false if is_active(&last) => first,
        _ => return,
    };
    event.prevent_default();
    if let Some(target) = target {
        let _ = target.focus();
    }
}
