//! The document around the application.

use axum::http::request::Parts;
use dwell::CurrentSession;
use dwell_overlay::{DwellHead, GuardCover, SessionPage};
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::{
    app::{App, LoginFields},
    names,
};

/// The document, which says what is left of the session that it is shown in.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let current = use_context::<Parts>().and_then(|parts| CurrentSession::find(&parts.extensions));
    // For the fields of forms.
    if let Some(current) = &current {
        provide_context(current.generation());
    }
    let session = current
        .as_ref()
        .map(|current| SessionPage::new(current.status()).names(names()));
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <HydrationScripts options />
                {session.clone().map(|session| view! { <DwellHead session /> })}
                <MetaTags />
            </head>
            <body>
                <App />
                {current.map(|current| view! { <LoginAgain user=current.person().to_string() /> })}
                {session.map(|session| view! { <GuardCover session /> })}
            </body>
        </html>
    }
}

/// What is filled in where a page has ended. It stands outside of the application, because what is in a
/// `<template>` cannot be hydrated.
#[component]
fn LoginAgain(user: String) -> impl IntoView {
    view! {
        <template data-dwell-sign-in>
            <LoginFields user />
            <input type="hidden" name="next" value="" />
        </template>
    }
}
