//! What stands in place of a concealed page.

use dwell_session::{Concealed, EndReason, Screen};
use leptos::prelude::*;

use super::{Choice, Context, sign_in::SignInForm, text, whether};

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
    let signs_in = whether(move || signs_in.get());
    view! {
        <main class="dwell-cover" hidden=whether(move || concealed().is_none())>
            <div role="status">
                <h1 prop:textContent=text(move || {
                    message().map_or("", |message| message.heading).into()
                })></h1>
                <p prop:textContent=text(move || {
                    message().map_or("", |message| message.explanation).into()
                })></p>
            </div>
            <p hidden=whether(move || !offers(Offer::Retry))>
                <button type="button" on:click=context.chooses(Choice::Retry)>
                    {texts.try_again}
                </button>
            </p>
            <SignInForm context is_called_for=signs_in keeps_page=true />
        </main>
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
