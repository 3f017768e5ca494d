//! What stands in place of a concealed page.

use dwell_session::{Concealed, EndReason};
use leptos::{ev::MouseEvent, prelude::*};

use super::{PageContext, SignInAgain, sign_in_form::SignInForm, text};
use crate::sign_in::explain;

#[component]
pub(super) fn Cover(
    concealed: Memo<Option<Concealed>>,
    page: PageContext,
    on_retry: Callback<()>,
    again: SignInAgain,
) -> impl IntoView {
    let offer = Memo::new(move |_| concealed.get().map_or(Offer::Nothing, Offer::on));
    view! {
        <Show when=move || concealed.get().is_some()>
            <main class="cover">
                <div role="status">
                    <h1 prop:textContent=text(move || concealed.get().map_or("", heading).into())></h1>
                    <p prop:textContent=text(move || concealed.get().map_or("", explanation).into())></p>
                </div>
                {
                    let page = page.clone();
                    move || match offer.get() {
                        Offer::Nothing => ().into_any(),
                        Offer::Retry => {
                            view! {
                                <p>
                                    <button type="button" on:click=move |_| on_retry.run(())>
                                        "Try again"
                                    </button>
                                </p>
                            }
                                .into_any()
                        }
                        Offer::SignIn => {
                            view! { <SignInInPlace page=page.clone() again /> }.into_any()
                        }
                    }
                }
            </main>
        </Show>
    }
}

#[component]
fn SignInInPlace(page: PageContext, again: SignInAgain) -> impl IntoView {
    let start_afresh = move |event: MouseEvent| {
        event.prevent_default();
        again.on_afresh.run(());
    };
    view! {
        <SignInForm email=page.email again />
        <p class="quiet">
            "Your page is kept as it was, hidden, until you sign in. "
            <a href=page.sign_in_again on:click=start_afresh>
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
