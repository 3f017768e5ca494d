//! The data that a program keeps in a session by means of `tower_sessions`.

use std::{
    convert::Infallible,
    mem,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    http::header::SET_COOKIE,
    response::{IntoResponse as _, Response},
};
use futures::future::BoxFuture;
use tower::{Layer, Service};
use tower_sessions::Session;

use super::service::SessionContext;
use crate::{
    Dwell,
    refusal::{Denied, Refusal},
    session_data::DataError,
    sessions::Visit,
};

/// The layer for handlers that take a [`tower_sessions::Session`]. It must be inside of the
/// [`DwellLayer`](super::DwellLayer). After a handler has answered, the layer writes what the
/// handler has changed in the session. If this fails, the request is refused instead: with the status
/// 413 if there is too much data, 401 if the session has ended, and 503 if the store failed.
///
/// The data belongs to the live session and is deleted in the same step in which the session ends.
/// If two requests change it at the same time, the one that is answered last wins. It may have up
/// to [`LONGEST_DATA`](crate::LONGEST_DATA) bytes. Nothing is written if the handler answers with a
/// server error.
///
/// Only [signing in](crate::SignIn) begins a session or changes its id. `Session::flush`,
/// `Session::delete` and `Session::cycle_id` end the session as if its person had signed out, and
/// after `flush` and `cycle_id` the browser is told to delete the cookie.
/// Writing data without a session is an error,
/// [`DataError::NoSession`](crate::DataError::NoSession).
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

/// The service that the [`DataLayer`] puts around another.
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
        // `poll_ready` was called on this service and not on its clone, so this one must be called.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let Some(context) = request.extensions().get::<SessionContext>() else {
                return Ok(Refusal::MISCONFIGURED.into_response());
            };
            let settings = context.dwell.settings();
            let id = match context.visit {
                Visit::Live(_) => settings.cookie.session_id(request.headers()),
                Visit::Ended(_) | Visit::OtherPage | Visit::Anonymous => None,
            };
            let dwell = context.dwell.clone();
            let data = Session::new(id, dwell.session_store(), None);
            request.extensions_mut().insert(data.clone());
            let response = inner.call(request).await?;
            if !data.is_modified() || response.status().is_server_error() {
                return Ok(response);
            }
            if id.is_some() && data.is_empty().await {
                return Ok(signed_out(&dwell, response));
            }
            Ok(match data.save().await {
                Ok(()) => response,
                // `tower_sessions` looks for another session if its own has ended.
                Err(error) if id.is_some() && is_without_session(&error) => {
                    DataError::Ended.refusal().into_response()
                }
                Err(error) => Denied::from(error).into_response(),
            })
        })
    }
}

/// The answer of a handler that has ended the session.
fn signed_out(dwell: &Dwell, mut response: Response) -> Response {
    if let Some(cookie) = dwell.cookie().remove() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn is_without_session(error: &tower_sessions::session::Error) -> bool {
    DataError::of(error) == Some(DataError::NoSession)
}
