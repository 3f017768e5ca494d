//! What a page of a session carries, for pages that Leptos renders on the server.
//!
//! They belong into the document around the application, which is not hydrated.

use leptos::{nonce::use_nonce, prelude::*, tachys::html::InertElement};

use crate::SessionPage;

/// For the `<head>` of the document, before the program's own style sheet: what the page says of its
/// session, its style, and what starts the code in the browser.
///
/// Its scripts and styles carry the nonce of the page, if `leptos` provides one and
/// [`SessionPage::nonce`] gives no other.
#[component]
pub fn DwellHead(
    /// The session, or just its status.
    #[prop(into)]
    session: SessionPage,
) -> impl IntoView {
    InertElement::new(with_nonce(session).head())
}

/// For the beginning of the page: says without scripts when the page will close (`G6`).
#[component]
pub fn GuardNotice(
    /// The session, or just its status.
    #[prop(into)]
    session: SessionPage,
) -> impl IntoView {
    InertElement::new(session.notice())
}

/// For the end of the `<body>`: what stands in place of the page when its time is over.
#[component]
pub fn GuardCover(
    /// The session, or just its status.
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
