//! The cover in place of a concealed page.

use dwell_session::{Concealed, EndReason, Screen};
use leptos::prelude::*;

use super::{Choice, Context, bool_signal, sign_in::SignInForm, text_signal};

#[component]
pub(super) fn Cover(context: Context) -> impl IntoView {
    let texts = context.texts;
    let concealed = move || match context.screen.get() {
        Screen::Concealed(concealed) => Some(concealed),
        Screen::Page | Screen::Countdown(_) => None,
    };
    let message = move || concealed().map(texts.cover);
    let offers = move |offer| concealed().map(Offer::on) == Some(offer);
    let signs_in = Memo::new(move |_| offers(Offer::SignIn));
    let signs_in = bool_signal(move || signs_in.get());
    view! {
        <main class="dwell-cover" hidden=bool_signal(move || concealed().is_none())>
            <div role="status">
                <h1 prop:textContent=text_signal(move || {
                    message().map_or("", |message| message.heading).into()
                })></h1>
                <p prop:textContent=text_signal(move || {
                    message().map_or("", |message| message.explanation).into()
                })></p>
            </div>
            <p hidden=bool_signal(move || !offers(Offer::Retry))>
                <button type="button" on:click=context.choice_handler(Choice::Retry)>
                    {texts.try_again}
                </button>
            </p>
            <SignInForm context is_shown=signs_in keeps_page=true />
        </main>
    }
}

/// What the cover offers to the user. Nothing that it offers leaves the page before the server has
/// answered, because without a network that would show the browser's error page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    Nothing,
    Retry,
    /// Signing in, after which the same person can go on with the page.
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
