//! A handler takes the session after the form, which uses up the request.

use axum::{Form, Router, routing::post};
use dwell::CurrentSession;

async fn add(Form(invoice): Form<String>, current: CurrentSession) -> String {
    format!("{invoice} of {}", current.person())
}

fn main() {
    let _app: Router = Router::new().route("/invoices", post(add));
}
