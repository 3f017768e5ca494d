//! A handler forgets to await the beginning of a session, so that nobody is signed in.
#![deny(unused_must_use)]

use axum::{Router, response::Redirect, routing::post};
use dwell::SignIn;

async fn login(sign_in: SignIn) -> Redirect {
    sign_in.begin("ada").next("/invoices");
    Redirect::to("/invoices")
}

fn main() {
    let _app: Router = Router::new().route("/login", post(login));
}
