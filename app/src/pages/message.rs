//! A page with a message, for example that nothing was found or that something does not work.

use leptos::prelude::*;

use super::document::{Document, Visitor};

/// A heading, a sentence, and a link to the first page.
#[component]
pub fn MessagePage(
    /// The person to whom it is shown.
    visitor: Visitor,
    /// What happened.
    #[prop(into)]
    heading: String,
    /// What the person can do.
    #[prop(into)]
    advice: String,
) -> impl IntoView {
    view! {
        <Document title=heading.clone() visitor address="/">
            <section class="card">
                <h1>{heading}</h1>
                <p>{advice}</p>
                <p>
                    <a class="button" href="/">
                        "To the first page"
                    </a>
                </p>
            </section>
        </Document>
    }
}
