//! Signing in from a page whose session has ended, or in the dialog before that: with the program's
//! own fields and without leaving the page, or by a link.

use leptos::{ev::SubmitEvent, html, prelude::*};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};

use super::{Attempt, Choice, Context, SignIn, text};
use crate::markup::SIGN_IN_TROUBLE_ID;

/// The page goes on when the same person has signed in; anybody else gets a fresh one (`F3`).
///
/// The form stands in the document all the time, since views that come and go need more code. What
/// is in it comes and goes: fields may say who somebody is, and labels and ids are to be there once.
#[component]
pub(super) fn SignInForm(
    context: Context,
    is_called_for: Signal<bool>,
    /// Whether there is a page behind it that waits, and a way not to go on with it.
    keeps_page: bool,
) -> impl IntoView {
    let Context { texts, attempt, .. } = context;
    let form = NodeRef::<html::Form>::new();
    Effect::new(move |_| {
        let Some(form) = form.get() else { return };
        let is_called_for = is_called_for.get();
        set(&form, "hidden", (!is_called_for).then_some(""));
        let [
            Some(trouble),
            Some(place),
            Some(instead),
            Some(kept),
            Some(link),
        ] = ["p", "div", "p:last-child", "span", "a"].map(|part| find(&form, part))
        else {
            return;
        };
        set(&trouble, "id", is_called_for.then_some(SIGN_IN_TROUBLE_ID));
        if !is_called_for {
            place.set_inner_html("");
            return set(&link, "href", None);
        }
        let SignIn { address, fields } = context.sign_in.run(());
        let has_fields = fields.is_some();
        if let Some(fields) = fields {
            place.set_inner_html(&(fields + "<button class=\"dwell-primary\"></button>"));
            say(find(&place, "button:last-child").as_ref(), texts.sign_in);
        }
        let leads_away = !has_fields || keeps_page;
        // A link without an address is none, for the keyboard neither.
        set(&link, "href", leads_away.then_some(&*address));
        set(&instead, "hidden", (!leads_away).then_some(""));
        let (why, way_out, class) = match has_fields {
            true => (texts.kept, texts.start_afresh, ""),
            false => ("", texts.sign_in, "dwell-primary"),
        };
        say(Some(&kept), why);
        say(Some(&link), way_out);
        link.set_class_name(class);
        focus_field(&form);
    });
    let trouble = text(move || match attempt.get() {
        Attempt::Failed(trouble) if is_called_for.get() => trouble,
        Attempt::Failed(_) | Attempt::NotMade | Attempt::UnderWay => String::new(),
    });
    let is_under_way = move || attempt.get() == Attempt::UnderWay;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(form) = form.get_untracked()
            && !untrack(is_under_way)
        {
            context.on_choice.run(Choice::SignIn(form));
        }
    };
    view! {
        <form
            node_ref=form
            class="dwell-sign-in"
            method="post"
            aria-label=texts.sign_in
            aria-busy=text(move || is_under_way().to_string())
            on:submit=submit
        >
            <p class="dwell-trouble" role="alert" prop:textContent=trouble></p>
            <div></div>
            <p class="dwell-quiet">
                <span></span>
                <a on:click=context.chooses(Choice::StartAfresh)></a>
            </p>
        </form>
    }
}

/// Puts the focus into the field within `element` that asks for it, if one does.
pub(super) fn focus_field(element: &Element) {
    if let Some(field) = find(element, "[autofocus]") {
        let _ = field.focus();
    }
}

fn say(element: Option<&HtmlElement>, text: &str) {
    if let Some(element) = element {
        element.set_text_content(Some(text));
    }
}

fn set(element: &HtmlElement, attribute: &str, value: Option<&str>) {
    // Fails only for an attribute with an impossible name.
    let _ = match value {
        Some(value) => element.set_attribute(attribute, value),
        None => element.remove_attribute(attribute),
    };
}

fn find(element: &Element, selector: &str) -> Option<HtmlElement> {
    let found = element.query_selector(selector).ok()??;
    Some(found.unchecked_into())
}
