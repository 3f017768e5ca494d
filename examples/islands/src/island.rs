//! The one part of the page that moves.

use leptos::prelude::*;

/// The text of an invoice, and how long it is.
#[island]
pub fn TextField(text: String) -> impl IntoView {
    let (length, set_length) = signal(text.chars().count());
    view! {
        <p>
            <label>
                "Text "
                <textarea
                    name="text"
                    rows="4"
                    on:input:target=move |event| {
                        set_length.set(event.target().value().chars().count());
                    }
                >
                    {text}
                </textarea>
            </label>
            <output>{length} " characters"</output>
        </p>
    }
}
