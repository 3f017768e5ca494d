//! What stands in place of a concealed page.

use dwell_session::Concealed;
use leptos::prelude::*;

#[component]
pub(super) fn Cover(concealed: Memo<Option<Concealed>>, sign_in_again: String) -> impl IntoView {
    let shown = Memo::new(move |_| concealed.get().is_some());
    view! {
        <Show when=move || shown.get()>
            <main class="cover" aria-live="polite">
                <h1>{move || concealed.get().map(heading)}</h1>
                <p>{move || concealed.get().map(explanation)}</p>
                <p>
                    <a class="button" href=sign_in_again.clone()>
                        "Sign in again"
                    </a>
                </p>
            </main>
        </Show>
    }
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
        Concealed::Ended(_) => "You are being taken to where you can sign in again.",
    }
}
