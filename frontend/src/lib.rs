//! The application's module for the browser: the library's driver with a form for signing in over a
//! page whose session has ended.

mod times;

use dwell_app::{SignInTrouble, names::SIGN_IN_PATH};
use dwell_browser::{Options, send_form};
use dwell_session::Status;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{HtmlFormElement, console};

/// Starts the driver. Every page of a session calls this once.
#[wasm_bindgen]
pub fn start() {
    if let Some(page) = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.document_element())
    {
        times::localise(&page);
    }
    let options = Options::default().sign_in(sign_in).prepare(times::localise);
    if let Err(error) = dwell_browser::start(options) {
        console::error_1(&error.to_string().into());
    }
}

async fn sign_in(form: HtmlFormElement) -> Result<(), String> {
    let Ok(answer) = send_form(SIGN_IN_PATH, &form).await else {
        return Err(SignInTrouble::Unreachable.message().into());
    };
    if answer.code == 200 && matches!(answer.status(), Some(Status::Active(_))) {
        return Ok(());
    }
    let trouble = match answer.refusal().as_deref() {
        Some("wrong_credentials") => SignInTrouble::WrongCredentials,
        Some("busy") => SignInTrouble::Busy,
        Some("too_many_attempts") => SignInTrouble::TooMany,
        _ => SignInTrouble::Unreachable,
    };
    Err(trouble.message().into())
}
