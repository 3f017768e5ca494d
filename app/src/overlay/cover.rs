//! What stands in place of a concealed page.

use dwell_session::{Concealed, EndReason, Screen};
use leptos::prelude::*;

use super::{Attempt, Choice, PageContext, click, sign_in_form::SignInForm, text, whether};
use crate::sign_in::explain;

#[component]
pub(super) fn Cover(
    screen: ReadSignal<Screen>,
    page: PageContext,
    attempt: RwSignal<Attempt>,
    on_choice: Callback<Choice>,
) -> impl IntoView {
    let concealed = move || match screen.get() {
        Screen::Concealed(concealed) => Some(concealed),
        Screen::Page | Screen::Countdown(_) => None,
    };
    let offers = move |offer| concealed().map(Offer::on) == Some(offer);
    let signs_in = Memo::new(move |_| offers(Offer::SignIn));
    view! {
        <main class="cover" hidden=whether(move || concealed().is_none())>
            <div role="status">
                <h1 prop:textContent=text(move || concealed().map_or("", heading).into())></h1>
                <p prop:textContent=text(move || concealed().map_or("", explanation).into())></p>
            </div>
            <p hidden=whether(move || !offers(Offer::Retry))>
                <button type="button" on:click=click(move || on_choice.run(Choice::Retry))>
                    "Try again"
                </button>
            </p>
            {move || {
                signs_in
                    .get()
                    .then(|| view! { <SignInInPlace page=page.clone() attempt on_choice /> })
            }}
        </main>
    }
}

#[component]
fn SignInInPlace(
    page: PageContext,
    attempt: RwSignal<Attempt>,
    on_choice: Callback<Choice>,
) -> impl IntoView {
    view! {
        <SignInForm email=page.email attempt on_choice />
        <p class="quiet">
            "Your page is kept as it was, hidden, until you sign in. "
            <a
                href=page.sign_in_again
                on:click=click(move || on_choice.run(Choice::StartAfresh))
            >
                "Start afresh instead"
            </a>
        </p>
    }
}

/// What one can do about it. Nothing that is offered leaves the page before the server has
/// answered: without a network that would lead to the browser's error page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    Nothing,
    Retry,
    /// The page waits for its person to come back.
    SignIn,
}

impl Offer {
    fn on(concealed: Concealed) -> Self {
        match concealed {
            Concealed::Unreachable | Concealed::SigningOut { unanswered: true } => Self::Retry,
            Concealed::Ended(reason) if reason.is_none_or(EndReason::keeps_page) => Self::SignIn,
            Concealed::Confirming
            | Concealed::Grace
            | Concealed::SigningOut { unanswered: false }
            | Concealed::Ended(_) => Self::Nothing,
        }
    }
}

fn heading(concealed: Concealed) -> &'static str {
    match concealed {
        Concealed::Confirming | Concealed::Grace => "Just a moment",
        Concealed::Unreachable => "No connection",
        Concealed::SigningOut { unanswered: false } => "Signing you out",
        Concealed::SigningOut { unanswered: true } => "You are not signed out yet",
        Concealed::Ended(Some(_)) => "You are signed out",
        Concealed::Ended(None) => "Sign in to go on",
    }
}

fn explanation(concealed: Concealed) -> &'static str {
    match concealed {
        Concealed::Confirming => {
            "Your page is hidden while the server is asked whether you are still signed in."
        }
        Concealed::Grace => {
            "The time you were signed in for has run out. The server waits a few seconds more for \
             what you did last to arrive, and then you can sign in again."
        }
        Concealed::Unreachable => {
            "Your page is hidden, because the time you were signed in for has run out and the \
             server cannot be reached. It is being asked again, and your page comes back by itself \
             if you are still signed in."
        }
        Concealed::SigningOut { unanswered: false } => {
            "Your page is hidden. You are signed out as soon as the server has answered."
        }
        Concealed::SigningOut { unanswered: true } => {
            "Your page is hidden, but the server cannot be reached, and until it is, your session \
             goes on there. Keep this page open: it signs you out as soon as there is a connection."
        }
        Concealed::Ended(Some(reason)) if reason.keeps_page() => explain(reason),
        Concealed::Ended(Some(_)) => "You are being taken to where you can sign in again.",
        Concealed::Ended(None) => {
            "This browser has lost what it was signed in with, so the server cannot tell whether \
             you still are. Sign in to go on where you were."
        }
    }
}
