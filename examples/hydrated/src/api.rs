//! The server functions, and what is done with one of them in the browser.

use dwell_session::Status;
use invoices::Invoice;
use leptos::prelude::*;

/// Signs in. Answers a script with the status of the session, and leads a browser on.
#[server(endpoint = "login")]
pub async fn login(user: String, password: String, next: String) -> Result<Status, ServerFnError> {
    use axum::http::header::SET_COOKIE;
    use dwell::SignIn;
    use invoices::Login;
    use leptos_axum::{ResponseOptions, extract, redirect};

    let sign_in: SignIn = extract().await?;
    let login = Login {
        user,
        password,
        next,
    };
    let Some(person) = invoices::check(&login) else {
        redirect("/login?wrong=yes");
        return Ok(Status::Anonymous);
    };
    let signed_in = sign_in.begin(person).next(&login.next).await?;
    if let Some(cookie) = signed_in.set_cookie() {
        expect_context::<ResponseOptions>().append_header(SET_COOKIE, cookie.clone());
    }
    redirect(signed_in.next());
    Ok(Status::Active(signed_in.status()))
}

/// Signs in in the place of a page whose session has ended.
#[cfg(feature = "hydrate")]
pub async fn log_in_again(form: leptos::web_sys::HtmlFormElement) -> Result<(), String> {
    use leptos::server_fn::ServerFn as _;

    let answer = dwell_browser::send_form(Login::PATH, &form).await;
    match answer.map(|answer| answer.status()) {
        Ok(Some(Status::Active(_))) => Ok(()),
        Ok(_) => Err(WRONG_PASSWORD.into()),
        Err(error) => Err(error.to_string()),
    }
}

/// What is said of a name and a password that are not right.
pub const WRONG_PASSWORD: &str = "There is nobody with this name and this password.";

/// What the page with the invoices shows.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Overview {
    pub person: String,
    pub invoices: Vec<Invoice>,
    /// What the person typed last and has not sent, with the id of its draft.
    pub customer: String,
    pub text: String,
    pub draft: String,
}

/// The invoices of the person who is signed in, and what they have typed and not sent.
#[server]
pub async fn load_overview() -> Result<Overview, ServerFnError> {
    use std::sync::Arc;

    use dwell::{
        CurrentSession,
        drafts::{DraftId, Drafts},
    };
    use invoices::Invoices;

    let (current, drafts): (CurrentSession, Drafts) = leptos_axum::extract().await?;
    let drafts = drafts.list(current.person(), "invoice").await?;
    let draft = drafts.first();
    let field = |name| draft.map_or("", |draft| draft.field(name)).to_owned();
    Ok(Overview {
        person: current.person().to_string(),
        invoices: expect_context::<Arc<Invoices>>().of(current.person().as_str()),
        customer: field("customer"),
        text: field("text"),
        draft: draft
            .map_or_else(DraftId::random, |draft| draft.id)
            .to_string(),
    })
}

/// Adds an invoice, which was the draft with this id while it was typed.
#[server]
pub async fn add_invoice(
    customer: String,
    text: String,
    draft: String,
) -> Result<(), ServerFnError> {
    use std::sync::Arc;

    use dwell::{CurrentSession, drafts::Drafts};
    use invoices::Invoices;

    let (current, drafts): (CurrentSession, Drafts) = leptos_axum::extract().await?;
    let invoice = Invoice { customer, text };
    expect_context::<Arc<Invoices>>().add(current.person().as_str(), invoice);
    if let Ok(draft) = draft.parse() {
        drafts.use_up(current.person(), draft).await?;
    }
    Ok(())
}
