//! `POST /api/session/keep-alive`, `POST /api/session/status`

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use dwell_app::api::backend::{Caller, SessionOfCall, Unavailable};
use dwell_session::Status;
use futures::future::BoxFuture;
use leptos::{prelude::provide_context, server_fn::error::SERVER_FN_ERROR_HEADER};
use leptos_axum::handle_server_fns_with_context;

use crate::{
    lifetime::CurrentSession,
    refusal::error,
    sessions::{LiveSession, Visit},
    state::AppState,
    store::Tombstone,
};

/// Runs the server function that the path names.
pub(super) async fn server_function(
    State(state): State<AppState>,
    current: CurrentSession,
    mut request: Request,
) -> Response {
    // Leptos would answer a browser's form with a redirect.
    request.headers_mut().remove(header::ACCEPT);
    let live = current.live;
    let caller: Caller = Arc::new(Call { state, live });
    let context = move || provide_context(Arc::clone(&caller));
    let response = handle_server_fns_with_context(context, request)
        .await
        .into_response();
    if response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        explain(response.status())
    } else {
        response
    }
}

/// Leptos answers every error of a server function with 500, malformed arguments included.
fn explain(status: StatusCode) -> Response {
    let (status, code, message) = match status {
        StatusCode::SERVICE_UNAVAILABLE => (
            status,
            "unavailable",
            "The session store does not answer. Try again soon.",
        ),
        _ => (
            StatusCode::BAD_REQUEST,
            "bad_request",
            "The keep-alive takes {\"idle_for_ms\": <milliseconds>}, the status takes {}.",
        ),
    };
    error(status, code, message)
}

struct Call {
    state: AppState,
    live: LiveSession,
}

impl SessionOfCall for Call {
    fn status(&self) -> Status {
        Status::Active(self.live.told(self.state.sessions.policy()))
    }

    fn keep_alive(&self, idle_for: Duration) -> BoxFuture<'_, Result<Status, Unavailable>> {
        Box::pin(async move {
            let active_at = self.live.now - idle_for;
            match self.state.sessions.touch(&self.live, active_at).await {
                Ok(Visit::Live(live)) => {
                    self.state.metrics.kept_alive();
                    Ok(Status::Active(live.told(self.state.sessions.policy())))
                }
                Ok(Visit::Ended(Tombstone { reason, .. })) => Ok(Status::Ended { reason }),
                Ok(Visit::Anonymous) => Ok(Status::Anonymous),
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "keep-alive denied"
                    );
                    Err(Unavailable)
                }
            }
        })
    }
}
