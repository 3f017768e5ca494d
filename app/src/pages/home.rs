//! The public page.

use std::time::Duration;

use dwell_overlay::words;
use leptos::prelude::*;

use super::document::{Document, Visitor};

/// The page that says what Dwell does.
#[component]
pub fn HomePage(
    /// The person to whom it is shown.
    visitor: Visitor,
    /// The idle timeout in force.
    idle: Duration,
    /// The absolute timeout in force.
    absolute: Duration,
) -> impl IntoView {
    view! {
        <Document title="Welcome" visitor>
            <section class="hero">
                <h1>"A workspace that signs you out in time, and never too early"</h1>
                <p>
                    "Your session ends after " <strong>{words::duration(idle)}</strong>
                    " without activity, and after " <strong>{words::duration(absolute)}</strong>
                    " in any case. You are told before that happens, and one key press is enough to stay."
                </p>
                <p>
                    <a class="button primary" href="/workspace">
                        "Open your workspace"
                    </a>
                </p>
            </section>
        </Document>
    }
}
