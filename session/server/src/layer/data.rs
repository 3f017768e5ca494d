//! The program's own small data in a session, which `tower_sessions` reads and writes.

use std::{
    convert::Infallible,
    mem,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    response::{IntoResponse as _, Response},
};
use futures::future::BoxFuture;
use tower::{Layer, Service};
use tower_sessions::Session;

use super::service::Attached;
use crate::{refusal::Refusal, sessions::Visit};

/// Runs inside of the [`DwellLayer`](super::DwellLayer), around handlers that take a
/// [`tower_sessions::Session`], and writes what they have changed of it. What cannot be written is not
/// answered as if it had been.
///
/// The data belongs to the live session: it is wiped when the session ends, in the same step. Of two
/// requests that change it at the same time, the one that is answered last wins. It has a limit,
/// [`LONGEST_DATA`](crate::LONGEST_DATA).
///
/// Only [signing in](crate::SignIn) begins a session or gives it another id. `Session::flush`,
/// `Session::delete` and `Session::cycle_id` end the session as if its person had signed out, and
/// what is written without one is an error, [`DataError::NoSession`](crate::DataError::NoSession).
#[derive(Debug, Clone, Copy)]
pub struct DataLayer(());

impl DataLayer {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for DataLayer {
    type Service = DataService<S>;

    fn layer(&self, inner: S) -> DataService<S> {
        DataService { inner }
    }
}

/// Routes with the [`DataLayer`] around them.
#[derive(Debug, Clone)]
pub struct DataService<S> {
    inner: S,
}

impl<S> Service<Request> for DataService<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        // The service that is ready must be the one that is called.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let Some(attached) = request.extensions().get::<Attached>() else {
                return Ok(Refusal::MISCONFIGURED.into_response());
            };
            let settings = attached.dwell.settings();
            let id = match attached.visit {
                Visit::Live(_) => settings.cookie.presented(request.headers()),
                Visit::Ended(_) | Visit::OtherPage | Visit::Anonymous => None,
            };
            let data = Session::new(id, attached.dwell.session_store(), None);
            request.extensions_mut().insert(data.clone());
            let response = inner.call(request).await?;
            let has_changed = data.is_modified();
            if !has_changed || response.status().is_server_error() {
                return Ok(response);
            }
            Ok(match data.save().await {
                Ok(()) => response,
                Err(error) => {
                    tracing::error!(%error, "the data of a session could not be written");
                    Refusal::UNAVAILABLE.into_response()
                }
            })
        })
    }
}
