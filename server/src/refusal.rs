//! The pages for refused and failed requests.

use std::any::Any;

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use dwell::Refusal;
use dwell_app::pages::{MessagePage, Visitor};
use leptos::prelude::*;

use crate::{assets::Built, rendering::render};

/// The answer when a handler has panicked. The server keeps running.
const PANICKED: Refusal = Refusal::new(
    StatusCode::INTERNAL_SERVER_ERROR,
    "panicked",
    "Something went wrong",
    "The error has been logged. Please try again.",
);

/// The answer to a request whose handler panicked. It is a page, whatever was asked for.
pub fn panicked(built: &Built, _: Box<dyn Any + Send + 'static>) -> Response {
    page(built, &PANICKED).into_response()
}

/// The page of a refusal. It uses neither the store nor the database, which may just have failed.
pub fn page(built: &Built, refusal: &Refusal) -> Response {
    let Refusal {
        heading, advice, ..
    } = *refusal;
    render(built, refusal.status, || {
        view! { <MessagePage visitor=Visitor::Unknown heading advice /> }
    })
}
