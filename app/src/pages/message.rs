//! A page that says one thing: that nothing was found, or that something does not work.

use leptos::prelude::*;

use super::document::{Document, Visitor};

/// One heading, one sentence, and a way on.
#[component]
pub fn MessagePage(
    /// Who reads it.
    visitor: Visitor,
    /// What it is.
    #[prop(into)]
    heading: String,
    /// What one can do.
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
