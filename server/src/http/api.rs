//! `POST /api/session/keep-alive`, `POST /api/session/status`

use std::{sync::Arc, time::Duration};

use axum::{
    extract::Request,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use dwell::{CurrentSession, Refusal, Status};
use dwell_app::api::backend::{Caller, SessionOfCall, Unavailable};
use futures::future::BoxFuture;
use leptos::{prelude::provide_context, server_fn::error::SERVER_FN_ERROR_HEADER};
use leptos_axum::handle_server_fns_with_context;

/// The arguments are malformed.
const BAD_REQUEST: Refusal = Refusal::new(
    StatusCode::BAD_REQUEST,
    "bad_request",
    "This is not a report",
    "The keep-alive takes {\"idle_for_ms\": <milliseconds>}, the status takes {}.",
);

/// The session store does not answer.
const UNAVAILABLE: Refusal = Refusal::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "unavailable",
    "This does not work at the moment",
    "The session store does not answer. Try again soon.",
);

/// Runs the server function that the path names.
pub(super) async fn server_function(current: CurrentSession, mut request: Request) -> Response {
    // Leptos would answer a request that accepts HTML with a redirect.
    request.headers_mut().remove(header::ACCEPT);
    let caller: Caller = Arc::new(Call(current));
    let context = move || provide_context(Arc::clone(&caller));
    let response = handle_server_fns_with_context(context, request)
        .await
        .into_response();
    if response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        // Leptos answers every error of a server function with 500, malformed arguments included.
        match response.status() {
            StatusCode::SERVICE_UNAVAILABLE => UNAVAILABLE.into_response(),
            _ => BAD_REQUEST.into_response(),
        }
    } else {
        response
    }
}

struct Call(CurrentSession);

impl SessionOfCall for Call {
    fn status(&self) -> Status {
        Status::Active(self.0.status())
    }

    fn keep_alive(&self, idle_for: Duration) -> BoxFuture<'_, Result<Status, Unavailable>> {
        Box::pin(async move {
            self.0.keep_alive(idle_for).await.map_err(|error| {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "keep-alive denied"
                );
                Unavailable
            })
        })
    }
}
