//! The modal dialog that counts down.

use dwell_session::{Extension, Limit, Screen};
use leptos::{
    ev::{self, KeyboardEvent},
    html,
    prelude::*,
};

use super::{
    Attempt, Choice, PageContext,
    announcement::{announcement, time_left},
    click, countdown,
    sign_in_form::{SignInForm, focus_password},
    text, whether,
};
use crate::{
    names::{GENERATION_FIELD, SIGN_OUT_PATH},
    words,
};

/// A real modal dialog: the rest of the page is inert, focus goes in and comes back
/// (`G7`, `G8`, `G9`).
///
/// The focus goes to the dialog itself, not to a button: it may open under the hands of somebody
/// who types, and the next space or Enter of theirs is no choice.
///
/// What changes is written as the whole content of its element, here and all over the overlay. A
/// translator in the browser puts elements of its own around texts, and would keep the old ones.
#[component]
pub(super) fn Warning(
    screen: ReadSignal<Screen>,
    page: PageContext,
    signs_in: RwSignal<bool>,
    attempt: RwSignal<Attempt>,
    on_choice: Callback<Choice>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let is_open = Memo::new(move |_| {
        countdown(screen).is_some_and(|shown| !shown.dismissed || signs_in.get())
    });
    let is_near_limit =
        move || countdown(screen).is_some_and(|shown| shown.limit == Limit::Absolute);
    let is_unheard = move || countdown(screen).is_some_and(|shown| shown.unheard);
    let extension = move || countdown(screen).map(|shown| shown.extension);
    let left_at_opening = text(move || {
        let shown = is_open.get().then(|| untrack(|| countdown(screen)));
        shown.flatten().as_ref().map(time_left).unwrap_or_default()
    });
    let stay = move || {
        signs_in.set(false);
        on_choice.run(Choice::Stay);
    };

    let focused_before = StoredValue::new_local(None::<web_sys::HtmlElement>);
    let open_or_close = move || {
        let Some(dialog) = dialog.get() else { return };
        if is_open.get() && !dialog.open() {
            focused_before.set_value(focused_element());
            // Fails only for a dialog that is open or in no document; neither can be here.
            let _ = dialog.show_modal();
            match signs_in.get_untracked() {
                true => focus_password(&dialog),
                false => drop(dialog.focus()),
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
        stay();
    };
    // A browser that is told so twice in a row closes it all the same.
    let reopen = move |_: ev::Event| untrack(open_or_close);
    let contain_tab = move |event: KeyboardEvent| {
        // WebKit has no name for the key where Shift is held with it.
        if (event.key() == "Tab" || event.code() == "Tab")
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
            aria-describedby="dwell-warning-left dwell-warning-description"
            tabindex="-1"
            on:cancel=stay_on_escape
            on:close=reopen
            on:keydown=contain_tab
        >
            <h2 id="dwell-warning-name">"You are about to be signed out"</h2>
            <p
                role="timer"
                aria-live="off"
                class="clock"
                translate="no"
                prop:textContent=text(move || {
                    let shown = countdown(screen);
                    shown.map(|shown| words::clock(shown.seconds_left)).unwrap_or_default()
                })
            ></p>
            <p id="dwell-warning-left" hidden prop:textContent=left_at_opening></p>
            <p
                id="dwell-warning-description"
                prop:textContent=text(move || describe(is_near_limit(), is_unheard()).into())
            ></p>
            <p
                role="alert"
                class="trouble"
                prop:textContent=text(move || match extension() {
                    Some(Extension::Unanswered) => "The server does not answer. Trying again.".into(),
                    _ => String::new(),
                })
            ></p>
            {
                let email = page.email.clone();
                move || signs_in.get().then(|| view! { <SignInForm email=email.clone() attempt on_choice /> })
            }
            <div class="choices">
                <button
                    type="button"
                    class:primary=whether(move || !signs_in.get())
                    aria-busy=text(move || (extension() == Some(Extension::Asked)).to_string())
                    on:click=click(stay)
                    prop:textContent=text(move || match is_near_limit() {
                        true => "Keep working".into(),
                        false => "Stay signed in".into(),
                    })
                ></button>
                <button
                    type="button"
                    hidden=whether(move || !is_near_limit() || signs_in.get())
                    on:click=click(move || signs_in.set(true))
                >
                    "Sign in again"
                </button>
                <form method="post" action=SIGN_OUT_PATH>
                    <input
                        type="hidden"
                        name=GENERATION_FIELD
                        value=page.generation.to_string()
                    />
                    <button type="submit">"Sign out now"</button>
                </form>
            </div>
            <p
                role="status"
                class="visually-hidden"
                prop:textContent=text(move || {
                    countdown(screen).as_ref().map(announcement).unwrap_or_default()
                })
            ></p>
        </dialog>
    }
}

fn describe(is_near_limit: bool, is_unheard: bool) -> &'static str {
    if is_near_limit {
        "This session reaches the longest time it may last. Sign in again here to go on with \
         everything as it is."
    } else if is_unheard {
        "The server cannot be reached, so it does not know that you are active. It is being asked \
         again, and you stay signed in if it answers in time."
    } else {
        "You have not been active for a while. Stay signed in to go on where you are."
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
    let Ok(stops) = dialog.query_selector_all("button:not([hidden]), input:not([type=hidden])")
    else {
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
