//! The pages. Those of a session say what is left of it, and how the browser watches over it.

use dwell::{
    CurrentSession,
    drafts::{Draft, DraftId},
};
use dwell_overlay::SessionPage;
use invoices::Invoice;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The page where one signs in.
pub struct LoginPage<'a> {
    pub next: &'a str,
    pub error: Option<&'static str>,
}

impl LoginPage<'_> {
    pub fn render(&self) -> Markup {
        document(
            "Sign in",
            None,
            html! {
                h1 { "Sign in" }
                @if let Some(error) = self.error {
                    p role="alert" { (error) }
                }
                form method="post" action="/login" {
                    (login_fields(""))
                    input type="hidden" name="next" value=(self.next);
                    button { "Sign in" }
                }
            },
        )
    }
}

fn login_fields(user: &str) -> Markup {
    html! {
        p { label { "Name " input name="user" autocomplete="username" value=(user) required; } }
        p { label { "Password " input name="password" type="password" autocomplete="current-password" required autofocus; } }
    }
}

/// The form for an invoice, with the draft that is in it.
pub struct InvoiceForm {
    draft: DraftId,
    customer: String,
    text: String,
}

impl InvoiceForm {
    /// Names it among the forms whose drafts are kept.
    pub const NAME: &str = "invoice";

    pub fn empty(draft: DraftId) -> Self {
        Self {
            draft,
            customer: String::new(),
            text: String::new(),
        }
    }

    pub fn of(draft: &Draft) -> Self {
        Self {
            draft: draft.id,
            customer: draft.field("customer").to_owned(),
            text: draft.field("text").to_owned(),
        }
    }
}

/// Somebody's invoices, and the form for another.
pub struct InvoicesPage<'a> {
    pub current: &'a CurrentSession,
    pub invoices: &'a [Invoice],
    pub currency: &'a str,
    pub form: InvoiceForm,
}

impl InvoicesPage<'_> {
    pub fn render(&self) -> Markup {
        let names = self.current.dwell().names();
        let session = session_page(self.current);
        let generation = PreEscaped(session.generation_field());
        document(
            "Invoices",
            Some(&session),
            html! {
                header {
                    form method="post" action=(names.sign_out) {
                        (generation)
                        (self.current.person()) " "
                        button { "Sign out" }
                    }
                    // Filled in where the page has ended.
                    template data-dwell-sign-in { (login_fields(self.current.person().as_str())) }
                }
                h1 { "Invoices" }
                ul {
                    @for invoice in self.invoices {
                        li { (invoice.customer) ": " (invoice.text) }
                    }
                }
                form id=(InvoiceForm::NAME) method="post" action="/invoices" data-dwell-draft=(InvoiceForm::NAME) {
                    (generation)
                    input type="hidden" name=(names.draft_field) value=(self.form.draft);
                    // With it, what is sent after the end of the session is kept as a draft.
                    input type="hidden" name=(names.form_field) value=(InvoiceForm::NAME);
                    p { label { "Customer " input name="customer" value=(self.form.customer); } }
                    p { label { "Text " textarea name="text" rows="4" { (self.form.text) } } }
                    p data-dwell-not-kept hidden { "This cannot be kept at the moment." }
                    button { "Add invoice" }
                }
                form method="post" action="/currency" {
                    (generation)
                    label { "Currency " input name="currency" value=(self.currency); } " "
                    button { "Choose" }
                }
            },
        )
    }
}

/// What a page of this session says of it.
fn session_page(current: &CurrentSession) -> SessionPage {
    let dwell = current.dwell();
    let page = SessionPage::new(current.status())
        .names(dwell.names().clone())
        .form(InvoiceForm::NAME);
    match dwell.module_paths() {
        Some(module) => page.module(module.script, module.wasm),
        None => page,
    }
}

/// The document around every page.
fn document(title: &str, session: Option<&SessionPage>, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                @if let Some(session) = session { (PreEscaped(session.head())) }
            }
            body {
                @if let Some(session) = session { (PreEscaped(session.notice())) }
                (content)
                @if let Some(session) = session { (PreEscaped(session.cover())) }
            }
        }
    }
}
