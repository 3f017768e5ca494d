//! Signing in without leaving the page: in place of one whose session has ended, or in the dialog
//! before that.

use leptos::{ev::SubmitEvent, html, prelude::*};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};

use super::{Attempt, Choice, text};
use crate::sign_in::SignInFields;

const TROUBLE_ID: &str = "dwell-sign-in-trouble";

/// The page goes on when the same person has signed in; anybody else gets a fresh one (`F3`).
#[component]
pub(super) fn SignInForm(
    email: String,
    attempt: RwSignal<Attempt>,
    on_choice: Callback<Choice>,
) -> impl IntoView {
    let form = NodeRef::<html::Form>::new();
    Effect::new(move |_| {
        if let Some(form) = form.get() {
            focus_password(&form);
        }
    });
    let trouble = text(move || match attempt.get() {
        Attempt::Failed(trouble) => trouble.message().into(),
        Attempt::NotMade | Attempt::UnderWay => String::new(),
    });
    let is_under_way = move || attempt.get() == Attempt::UnderWay;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(form) = form.get_untracked()
            && !untrack(is_under_way)
        {
            on_choice.run(Choice::SignIn(form));
        }
    };
    view! {
        <form
            node_ref=form
            class="in-place"
            method="post"
            aria-label="Sign in"
            aria-busy=text(move || is_under_way().to_string())
            on:submit=submit
        >
            <p class="trouble" role="alert" id=TROUBLE_ID prop:textContent=trouble></p>
            <SignInFields email described_by=Some(TROUBLE_ID) />
        </form>
    }
}

/// Puts the focus into the password field within `element`, if there is one.
pub(super) fn focus_password(element: &Element) {
    let field = element
        .query_selector("input[type=password]")
        .ok()
        .flatten();
    if let Some(field) = field.and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
        let _ = field.focus();
    }
}
