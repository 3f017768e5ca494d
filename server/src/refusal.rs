//! Pages that say that something was not done, and why.

use std::any::Any;

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use dwell::Refusal;
use dwell_app::pages::{MessagePage, Visitor};
use leptos::prelude::*;

use crate::{assets::Built, rendering::render};

/// A handler panicked; the request gets an answer and the server goes on.
const PANICKED: Refusal = Refusal::new(
    StatusCode::INTERNAL_SERVER_ERROR,
    "panicked",
    "Something went wrong",
    "It has been written down. Please try again.",
);

/// What somebody gets whose request a handler panicked over: a page, whatever they asked for.
pub fn panicked(built: &Built, _: Box<dyn Any + Send + 'static>) -> Response {
    page(built, &PANICKED).into_response()
}

/// The page of a refusal. Nothing is asked for it that may have failed just now.
pub fn page(built: &Built, refusal: &Refusal) -> Response {
    let Refusal {
        heading, advice, ..
    } = *refusal;
    render(built, refusal.status, || {
        view! { <MessagePage visitor=Visitor::Unknown heading advice /> }
    })
}
