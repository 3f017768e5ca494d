//! The modal dialog with the countdown.

use dwell_session::{Extension, Generation, Limit, Names};
use leptos::{
    ev::{self, KeyboardEvent},
    html,
    prelude::*,
};

use super::{
    Choice, Context, bool_signal, click_handler,
    sign_in::{SignInForm, focus_field},
    text_signal,
};
use crate::words;

/// A real modal dialog: the rest of the page is inert, and the focus moves into the dialog and
/// returns to where it was (`G7`, `G8`, `G9`).
///
/// The focus moves to the dialog itself and not to a button, because the dialog may open while the
/// user is typing, and the next space or Enter must not press a button.
///
/// Texts that change are written as the whole content of their element, here and everywhere in the
/// overlay. A translator in the browser puts its own elements around texts, and would otherwise
/// keep the old ones.
#[component]
pub(super) fn Warning(context: Context, generation: Generation, names: Names) -> impl IntoView {
    let Context {
        signs_in, texts, ..
    } = context;
    let dialog = NodeRef::<html::Dialog>::new();
    let is_open = Memo::new(move |_| {
        context
            .countdown()
            .is_some_and(|shown| !shown.dismissed || signs_in.get())
    });
    let is_near_limit = move || {
        context
            .countdown()
            .is_some_and(|shown| shown.limit == Limit::Absolute)
    };
    let extension = move || context.countdown().map(|shown| shown.extension);
    let left_at_opening = text_signal(move || {
        let shown = is_open.get().then(|| untrack(|| context.countdown()));
        shown
            .flatten()
            .map(|shown| (texts.time_left)(shown.seconds_left))
            .unwrap_or_default()
    });
    let stay = move || {
        signs_in.set(false);
        context.on_choice.run(Choice::Stay);
    };

    let focused_before = StoredValue::new_local(None::<web_sys::HtmlElement>);
    let open_or_close = move || {
        let Some(dialog) = dialog.get() else { return };
        if is_open.get() && !dialog.open() {
            focused_before.set_value(focused_element());
            // This fails only for a dialog that is already open or not in a document, and neither
            // is the case here.
            let _ = dialog.show_modal();
            match signs_in.get_untracked() {
                true => focus_field(&dialog),
                false => drop(dialog.focus()),
            }
        } else if !is_open.get() && dialog.open() {
            dialog.close();
            focused_before.with_value(restore_caret);
        }
    };
    Effect::new(move |_| open_or_close());

    // By default, Escape would close the dialog without extending the session.
    let stay_on_escape = move |event: ev::Event| {
        event.prevent_default();
        stay();
    };
    // Browsers close the dialog at the second Escape in a row, even if the default action is
    // prevented.
    let reopen = move |_: ev::Event| untrack(open_or_close);
    let contain_tab = move |event: KeyboardEvent| {
        // WebKit has no `key` for Tab while Shift is held.
        if (event.key() == "Tab" || event.code() == "Tab")
            && let Some(dialog) = dialog.get_untracked()
        {
            wrap_focus(&dialog, &event);
        }
    };

    view! {
        <dialog
            node_ref=dialog
            class="dwell-warning"
            role="alertdialog"
            aria-labelledby="dwell-warning-name"
            aria-describedby="dwell-warning-left dwell-warning-description"
            tabindex="-1"
            on:cancel=stay_on_escape
            on:close=reopen
            on:keydown=contain_tab
        >
            <h2 id="dwell-warning-name">{texts.warning}</h2>
            <p
                role="timer"
                aria-live="off"
                class="dwell-clock"
                translate="no"
                prop:textContent=text_signal(move || {
                    let shown = context.countdown();
                    shown.map(|shown| words::clock(shown.seconds_left)).unwrap_or_default()
                })
            ></p>
            <p id="dwell-warning-left" hidden prop:textContent=left_at_opening></p>
            <p
                id="dwell-warning-description"
                prop:textContent=text_signal(move || {
                    context.countdown().as_ref().map_or("", texts.describe).into()
                })
            ></p>
            <p
                role="alert"
                class="dwell-trouble"
                prop:textContent=text_signal(move || match extension() {
                    Some(Extension::Unanswered) => texts.unanswered.into(),
                    _ => String::new(),
                })
            ></p>
            <SignInForm
                context
                is_shown=bool_signal(move || signs_in.get())
                keeps_page=false
            />
            <div class="dwell-choices">
                <button
                    type="button"
                    class:dwell-primary=bool_signal(move || !signs_in.get())
                    aria-busy=text_signal(move || (extension() == Some(Extension::Asked)).to_string())
                    on:click=click_handler(stay)
                    prop:textContent=text_signal(move || match is_near_limit() {
                        true => texts.keep_working.into(),
                        false => texts.stay.into(),
                    })
                ></button>
                <button
                    type="button"
                    hidden=bool_signal(move || !is_near_limit() || signs_in.get())
                    on:click=click_handler(move || signs_in.set(true))
                >
                    {texts.sign_in_again}
                </button>
                <form method="post" action=names.sign_out.into_owned()>
                    <input
                        type="hidden"
                        name=names.generation_field.into_owned()
                        value=generation.to_string()
                    />
                    <button type="submit">{texts.sign_out}</button>
                </form>
            </div>
            <p
                role="status"
                class="dwell-visually-hidden"
                prop:textContent=text_signal(move || {
                    context.countdown().as_ref().map(texts.announcement).unwrap_or_default()
                })
            ></p>
        </dialog>
    }
}

fn focused_element() -> Option<web_sys::HtmlElement> {
    use wasm_bindgen::JsCast as _;
    document().active_element()?.dyn_into().ok()
}

/// Chromium returns the focus to the field, but not the caret if the dialog was closed by a click.
/// What is typed then would be lost.
fn restore_caret(element: &Option<web_sys::HtmlElement>) {
    let Some(element) = element else { return };
    if focused_element().as_ref() == Some(element) {
        let _ = element.blur();
        let _ = element.focus();
    }
}

/// Keeps the focus within the dialog, because browsers would let Tab move it to their own controls.
fn wrap_focus(dialog: &web_sys::HtmlDialogElement, event: &KeyboardEvent) {
    let Ok(stops) = dialog.query_selector_all(
        "a[href], button:not([hidden]), input:not([type=hidden]), select, textarea",
    ) else {
        return;
    };
    let stop = |index: u32| {
        use wasm_bindgen::JsCast as _;
        stops.item(index)?.dyn_into::<web_sys::HtmlElement>().ok()
    };
    let (first, last) = (stop(0), stop(stops.length().saturating_sub(1)));
    let active = document().active_element();
    let is_dialog_active = active.as_ref() == Some(dialog.as_ref());
    let is_active = |element: &Option<web_sys::HtmlElement>| {
        element.as_ref().map(AsRef::<web_sys::Element>::as_ref) == active.as_ref()
    };
    let target = match event.shift_key() {
        true if is_dialog_active || is_active(&first) => last,
        false if is_active(&last) => first,
        _ => return,
    };
    event.prevent_default();
    if let Some(target) = target {
        let _ = target.focus();
    }
}
