//! What stands in place of a concealed page.

use dwell_session::{Concealed, EndReason};
use leptos::{ev::SubmitEvent, html, prelude::*};

use super::{Attempt, PageContext, SignInAgain};
use crate::{
    names::SIGN_IN_PATH,
    sign_in::{SignInFields, explain},
};

#[component]
pub(super) fn Cover(
    concealed: Memo<Option<Concealed>>,
    page: PageContext,
    again: SignInAgain,
) -> impl IntoView {
    let shown = Memo::new(move |_| concealed.get().is_some());
    let waits_for_sign_in = Memo::new(move |_| concealed.get().is_some_and(waits_for_sign_in));
    view! {
        <Show when=move || shown.get()>
            <main class="cover">
                <div role="status">
                    <h1>{move || concealed.get().map(heading)}</h1>
                    <p>{move || concealed.get().map(explanation)}</p>
                </div>
                {
                    let page = page.clone();
                    move || {
                        if waits_for_sign_in.get() {
                            view! { <SignInInPlace page=page.clone() again /> }.into_any()
                        } else {
                            view! {
                                <p>
                                    <a class="button" href=page.sign_in_again.clone()>
                                        "Sign in again"
                                    </a>
                                </p>
                            }
                                .into_any()
                        }
                    }
                }
            </main>
        </Show>
    }
}

/// The page goes on when the same person has signed in; anybody else gets a fresh one (`F3`).
#[component]
fn SignInInPlace(page: PageContext, again: SignInAgain) -> impl IntoView {
    let SignInAgain { attempt, on_submit } = again;
    let form = NodeRef::<html::Form>::new();
    Effect::new(move |_| {
        if let Some(form) = form.get() {
            focus_password(&form);
        }
    });
    let trouble = move || match attempt.get() {
        Attempt::Failed(trouble) => Some(trouble.message()),
        Attempt::NotMade | Attempt::UnderWay => None,
    };
    let is_under_way = move || attempt.get() == Attempt::UnderWay;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(form) = form.get_untracked()
            && !untrack(is_under_way)
        {
            on_submit.run(form);
        }
    };
    view! {
        <form
            node_ref=form
            class="in-place"
            method="post"
            action=SIGN_IN_PATH
            aria-label="Sign in"
            aria-busy=move || is_under_way().to_string()
            on:submit=submit
        >
            <p class="trouble" role="alert" id="trouble">
                {trouble}
            </p>
            <SignInFields email=page.email described_by=Some("trouble") />
        </form>
        <p class="quiet">
            "Your page is kept as it was, hidden, until you sign in. "
            <a href=page.sign_in_again>"Start afresh instead"</a>
        </p>
    }
}

fn focus_password(form: &web_sys::HtmlFormElement) {
    use wasm_bindgen::JsCast as _;
    let field = form.query_selector("input[type=password]");
    if let Some(field) = field.ok().flatten()
        && let Ok(field) = field.dyn_into::<web_sys::HtmlElement>()
    {
        let _ = field.focus();
    }
}

/// Whether the page waits for its person to come back, rather than being left.
fn waits_for_sign_in(concealed: Concealed) -> bool {
    matches!(
        concealed,
        Concealed::Ended(EndReason::IdleTimeout | EndReason::AbsoluteTimeout)
    )
}

fn heading(concealed: Concealed) -> &'static str {
    match concealed {
        Concealed::Confirming => "Just a moment",
        Concealed::Unreachable => "No connection",
        Concealed::Ended(_) => "You are signed out",
    }
}

fn explanation(concealed: Concealed) -> &'static str {
    match concealed {
        Concealed::Confirming => {
            "Your page is hidden while the server is asked whether you are still signed in."
        }
        Concealed::Unreachable => {
            "Your page is hidden, because the time you were signed in for has run out and the \
             server cannot be reached. It is being asked again, and your page comes back by itself \
             if you are still signed in."
        }
        Concealed::Ended(reason) if waits_for_sign_in(concealed) => explain(reason),
        Concealed::Ended(_) => "You are being taken to where you can sign in again.",
    }
}
