//! Turns away who is not, or no longer, signed in (`C9`).

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use futures::{
    FutureExt as _,
    future::{Either, Map, Ready, ready},
};
use tower::{Layer, Service};

use super::service::Attached;
use crate::{
    refusal::Refusal,
    sessions::Visit,
    turned_away::{Asked, turn_away},
};

/// Runs around routes for people who are signed in, inside of the [`DwellLayer`](super::DwellLayer):
/// everybody else is turned away before a handler runs.
#[derive(Debug, Clone)]
pub struct Protect {
    open: Arc<[String]>,
}

impl Protect {
    pub(crate) fn new() -> Self {
        Self { open: [].into() }
    }

    /// Leaves the routes at these very paths to everybody. This is for routes that are put together
    /// somewhere else, such as the pages and the server functions of a Leptos program.
    #[must_use]
    pub fn except<P: Into<String>>(self, paths: impl IntoIterator<Item = P>) -> Self {
        let more = paths.into_iter().map(Into::into);
        Self {
            open: self.open.iter().cloned().chain(more).collect(),
        }
    }
}

impl<S> Layer<S> for Protect {
    type Service = ProtectService<S>;

    fn layer(&self, inner: S) -> ProtectService<S> {
        ProtectService {
            inner,
            open: Arc::clone(&self.open),
        }
    }
}

/// What a route answers.
type Answer = Result<Response, Infallible>;

/// Routes with [`Protect`] around them.
#[derive(Debug, Clone)]
pub struct ProtectService<S> {
    inner: S,
    open: Arc<[String]>,
}

impl<S> Service<Request> for ProtectService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Either<S::Future, Map<S::Future, fn(Answer) -> Answer>>, Ready<Answer>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if self.open.iter().any(|path| path == request.uri().path()) {
            return Either::Left(Either::Left(self.inner.call(request)));
        }
        match refusal(&request) {
            None => Either::Left(Either::Right(self.inner.call(request).map(no_store))),
            Some(response) => Either::Right(ready(Ok(response))),
        }
    }
}

/// The answer to a request that is not served in a live session.
fn refusal(request: &Request) -> Option<Response> {
    let Some(attached) = request.extensions().get::<Attached>() else {
        tracing::error!(
            path = request.uri().path(),
            "a route is protected that the layer of Dwell does not run around: \
             add `.layer(dwell.layer())` to the router"
        );
        return Some(Refusal::MISCONFIGURED.into_response());
    };
    let asked = Asked::of(request.method(), request.uri(), request.headers());
    let reason = match &attached.visit {
        Visit::Live(_) => return None,
        Visit::OtherPage => return Some(Refusal::ANOTHER_SESSION.into_response()),
        Visit::Ended(tombstone) => Some(tombstone.reason),
        Visit::Anonymous => None,
    };
    Some(turn_away(attached.dwell.settings(), &asked, reason))
}

/// Nothing of an answer to somebody who is signed in may be kept by a browser or a proxy, unless the
/// answer says so itself (`H1`).
fn no_store(answer: Answer) -> Answer {
    answer.map(|mut response| {
        let headers = response.headers_mut();
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        response
    })
}
