//! The server functions. Their paths and wire formats are part of the HTTP contract.
#![expect(
    missing_docs,
    reason = "the macro generates a struct of the arguments without documentation"
)]

use dwell_session::Status;
use leptos::{prelude::*, server_fn::codec::Json};

/// Reports that the user was active `idle_for_ms` milliseconds ago. Touches the session.
///
/// # Errors
///
/// The arguments are malformed, or the session store does not answer. An ended session is not an
/// error but a [`Status`].
#[server(name = KeepAlive, prefix = "/api", endpoint = "session/keep-alive", input = Json, output = Json)]
pub async fn keep_alive(idle_for_ms: u64) -> Result<Status, ServerFnError> {
    let caller = expect_context::<backend::Caller>();
    let idle_for = std::time::Duration::from_millis(idle_for_ms);
    backend::answer(caller.keep_alive(idle_for).await)
}

/// Returns the status of the session. This is not activity.
///
/// # Errors
///
/// The arguments are malformed.
#[server(name = AskStatus, prefix = "/api", endpoint = "session/status", input = Json, output = Json)]
pub async fn status() -> Result<Status, ServerFnError> {
    backend::answer(Ok(expect_context::<backend::Caller>().status()))
}

/// What the server functions need from the server.
#[cfg(feature = "ssr")]
pub mod backend {
    use std::{sync::Arc, time::Duration};

    use dwell_session::Status;
    use futures::future::BoxFuture;
    use leptos::{
        prelude::{ServerFnError, expect_context},
        server_fn::axum_export::http::StatusCode,
    };
    use leptos_axum::ResponseOptions;

    /// The session in which a server function is called.
    pub trait SessionOfCall: Send + Sync {
        /// The status at the time of the call.
        fn status(&self) -> Status;

        /// Reports activity that was `idle_for` ago.
        ///
        /// # Errors
        ///
        /// The session store does not answer.
        fn keep_alive(&self, idle_for: Duration) -> BoxFuture<'_, Result<Status, Unavailable>>;
    }

    /// A [`SessionOfCall`], provided as context.
    pub type Caller = Arc<dyn SessionOfCall>;

    /// The session store does not answer.
    #[derive(Debug)]
    pub struct Unavailable;

    /// The body of the answer. Its HTTP status is set through the context.
    pub(super) fn answer(outcome: Result<Status, Unavailable>) -> Result<Status, ServerFnError> {
        let respond_with = |code| expect_context::<ResponseOptions>().set_status(code);
        match outcome {
            Ok(status @ Status::Active(_)) => Ok(status),
            Ok(status @ (Status::Ended { .. } | Status::Anonymous)) => {
                respond_with(StatusCode::UNAUTHORIZED);
                Ok(status)
            }
            Err(Unavailable) => {
                respond_with(StatusCode::SERVICE_UNAVAILABLE);
                Err(ServerFnError::ServerError(
                    "the session store does not answer".into(),
                ))
            }
        }
    }
}
