//! The pages, as the server renders them.

use dwell::{CurrentSession, drafts::DraftId};
use dwell_overlay::{DwellHead, GenerationField, GuardCover, GuardNotice, SessionPage};
use invoices::Invoice;
use leptos::prelude::*;

use crate::island::TextField;

/// The page where one signs in.
#[component]
pub fn LoginPage(next: String, error: Option<&'static str>) -> impl IntoView {
    view! {
        <Document title="Sign in">
            <h1>"Sign in"</h1>
            {error.map(|error| view! { <p role="alert">{error}</p> })}
            <form method="post" action="/login">
                <LoginFields user=String::new() />
                <input type="hidden" name="next" value=next />
                <button>"Sign in"</button>
            </form>
        </Document>
    }
}

#[component]
fn LoginFields(user: String) -> impl IntoView {
    view! {
        <p>
            <label>"Name " <input name="user" autocomplete="username" value=user required /></label>
        </p>
        <p>
            <label>
                "Password "
                <input
                    name="password"
                    type="password"
                    autocomplete="current-password"
                    required
                    autofocus
                />
            </label>
        </p>
    }
}

/// What was typed last and has not been sent.
#[derive(Debug, Clone)]
pub struct Draft {
    pub id: DraftId,
    pub customer: String,
    pub text: String,
}

/// Somebody's invoices, and the form for another.
#[component]
pub fn InvoicesPage(
    current: CurrentSession,
    invoices: Vec<Invoice>,
    draft: Draft,
) -> impl IntoView {
    let names = current.dwell().names().clone();
    let person = current.person().to_string();
    let generation = current.generation();
    let session = SessionPage::new(current.status()).names(names.clone());
    view! {
        <Document title="Invoices" session>
            <header>
                <form method="post" action=names.sign_out>
                    <GenerationField generation />
                    {person.clone()}
                    " "
                    <button>"Sign out"</button>
                </form>
                // Filled in where the page has ended.
                <template data-dwell-sign-in>
                    <LoginFields user=person />
                </template>
            </header>
            <h1>"Invoices"</h1>
            <ul>
                {invoices
                    .into_iter()
                    .map(|invoice| view! { <li>{invoice.customer} ": " {invoice.text}</li> })
                    .collect_view()}
            </ul>
            <form method="post" action="/invoices" data-dwell-draft="invoice">
                <GenerationField generation />
                <input type="hidden" name=names.draft_field value=draft.id.to_string() />
                // With it, what is sent after the end of the session is kept as a draft.
                <input type="hidden" name=names.form_field value="invoice" />
                <p>
                    <label>"Customer " <input name="customer" value=draft.customer /></label>
                </p>
                <TextField text=draft.text />
                <p data-dwell-not-kept hidden>
                    "This cannot be kept at the moment."
                </p>
                <button>"Add invoice"</button>
            </form>
        </Document>
    }
}

/// The document around every page.
#[component]
fn Document(
    title: &'static str,
    #[prop(optional)] session: Option<SessionPage>,
    children: Children,
) -> impl IntoView {
    let options = expect_context::<LeptosOptions>();
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <title>{title}</title>
                {session.clone().map(|session| view! { <DwellHead session /> })}
                <HydrationScripts options islands=true />
            </head>
            <body>
                {session.clone().map(|session| view! { <GuardNotice session /> })}
                <main>{children()}</main>
                {session.map(|session| view! { <GuardCover session /> })}
            </body>
        </html>
    }
}
