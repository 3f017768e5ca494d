//! The head, the notice and the cover of a page, for pages that Leptos renders on the server.
//!
//! They belong into the document around the application, which is not hydrated.

use leptos::{nonce::use_nonce, prelude::*, tachys::html::InertElement};

use crate::SessionPage;

/// The content for the `<head>` of the document, before the program's own style sheet: the style,
/// the status of the session, and what starts the code in the browser.
///
/// Its scripts and styles have the nonce of the page, if `leptos` provides one and
/// [`SessionPage::nonce`] sets no other.
#[component]
pub fn DwellHead(
    /// The page of a session, or only the status of the session.
    #[prop(into)]
    session: SessionPage,
) -> impl IntoView {
    InertElement::new(with_nonce(session).head())
}

/// The notice for the beginning of the page, which says without scripts when the page will close
/// (`G6`).
#[component]
pub fn GuardNotice(
    /// The page of a session, or only the status of the session.
    #[prop(into)]
    session: SessionPage,
) -> impl IntoView {
    InertElement::new(session.notice())
}

/// The cover for the end of the `<body>`, which the guard shows in place of the page when it closes
/// it.
#[component]
pub fn GuardCover(
    /// The page of a session, or only the status of the session.
    #[prop(into)]
    session: SessionPage,
) -> impl IntoView {
    InertElement::new(with_nonce(session).cover())
}

fn with_nonce(session: SessionPage) -> SessionPage {
    match use_nonce() {
        Some(nonce) if !session.has_nonce() => session.nonce(nonce.to_string()),
        Some(_) | None => session,
    }
}
