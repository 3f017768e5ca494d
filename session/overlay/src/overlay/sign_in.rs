//! Signing in over a page whose session has ended, or in the dialog before that: with the program's
//! own fields and without leaving the page, or by a link.

use leptos::{ev::SubmitEvent, html, prelude::*};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};

use super::{Attempt, Choice, Context, SignIn, text_signal};
use crate::markup::SIGN_IN_TROUBLE_ID;

/// After the same person has signed in, the page goes on. For anybody else it is loaded again
/// (`F3`).
///
/// The form is always in the document, because adding and removing views needs more code. Its
/// content is added and removed: the fields may say who the user is, and their labels and ids must
/// not be in the document twice.
#[component]
pub(super) fn SignInForm(
    context: Context,
    is_shown: Signal<bool>,
    /// Whether there is a concealed page that is kept, so that a link is needed to leave it.
    keeps_page: bool,
) -> impl IntoView {
    let Context { texts, attempt, .. } = context;
    let form = NodeRef::<html::Form>::new();
    Effect::new(move |_| {
        let Some(form) = form.get() else { return };
        let is_shown = is_shown.get();
        set_or_remove(&form, "hidden", (!is_shown).then_some(""));
        let [
            Some(trouble),
            Some(fields_place),
            Some(link_line),
            Some(explanation),
            Some(link),
        ] = ["p", "div", "p:last-child", "span", "a"].map(|part| find(&form, part))
        else {
            return;
        };
        set_or_remove(&trouble, "id", is_shown.then_some(SIGN_IN_TROUBLE_ID));
        if !is_shown {
            fields_place.set_inner_html("");
            return set_or_remove(&link, "href", None);
        }
        let SignIn { address, fields } = context.sign_in.run(());
        let has_fields = fields.is_some();
        if let Some(fields) = fields {
            fields_place.set_inner_html(&(fields + "<button class=\"dwell-primary\"></button>"));
            set_text(
                find(&fields_place, "button:last-child").as_ref(),
                texts.sign_in,
            );
        }
        let shows_link = !has_fields || keeps_page;
        // A link without an address cannot be reached by the keyboard.
        set_or_remove(&link, "href", shows_link.then_some(&*address));
        set_or_remove(&link_line, "hidden", (!shows_link).then_some(""));
        let (explanation_text, link_text, class) = match has_fields {
            true => (texts.kept, texts.start_afresh, ""),
            false => ("", texts.sign_in, "dwell-primary"),
        };
        set_text(Some(&explanation), explanation_text);
        set_text(Some(&link), link_text);
        link.set_class_name(class);
        focus_field(&form);
    });
    let trouble = text_signal(move || match attempt.get() {
        Attempt::Failed(trouble) if is_shown.get() => trouble,
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
            aria-busy=text_signal(move || is_under_way().to_string())
            on:submit=submit
        >
            <p class="dwell-trouble" role="alert" prop:textContent=trouble></p>
            <div></div>
            <p class="dwell-quiet">
                <span></span>
                <a on:click=context.choice_handler(Choice::StartAfresh)></a>
            </p>
        </form>
    }
}

/// Focuses the element within `element` that has the attribute `autofocus`, if there is one.
pub(super) fn focus_field(element: &Element) {
    if let Some(field) = find(element, "[autofocus]") {
        let _ = field.focus();
    }
}

fn set_text(element: Option<&HtmlElement>, text: &str) {
    if let Some(element) = element {
        element.set_text_content(Some(text));
    }
}

fn set_or_remove(element: &HtmlElement, attribute: &str, value: Option<&str>) {
    // This fails only for an invalid attribute name.
    let _ = match value {
        Some(value) => element.set_attribute(attribute, value),
        None => element.remove_attribute(attribute),
    };
}

fn find(element: &Element, selector: &str) -> Option<HtmlElement> {
    let found = element.query_selector(selector).ok()??;
    Some(found.unchecked_into())
}
