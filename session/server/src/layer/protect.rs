//! Rejects requests of people who are not signed in, or no longer (`C9`).

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

use super::service::SessionContext;
use crate::{
    refusal::Refusal,
    sessions::Visit,
    turned_away::{RejectedRequest, turn_away},
};

/// The layer for routes that only people who are signed in may use. It must be inside of the
/// [`DwellLayer`](super::DwellLayer). Without a live session, a request for a page is redirected to
/// the page for signing in, and any other request is answered with the status 401. Answers get
/// `Cache-Control: no-store`, unless they have that header (`H1`).
#[derive(Debug, Clone)]
pub struct Protect {
    exempt: Arc<[String]>,
}

impl Protect {
    pub(crate) fn new() -> Self {
        Self { exempt: [].into() }
    }

    /// Lets everybody use the routes at exactly these paths. This is for routers that another
    /// library has built, for example with the pages and server functions of a Leptos program.
    #[must_use]
    pub fn except<P: Into<String>>(self, paths: impl IntoIterator<Item = P>) -> Self {
        let more = paths.into_iter().map(Into::into);
        Self {
            exempt: self.exempt.iter().cloned().chain(more).collect(),
        }
    }
}

impl<S> Layer<S> for Protect {
    type Service = ProtectService<S>;

    fn layer(&self, inner: S) -> ProtectService<S> {
        ProtectService {
            inner,
            exempt: Arc::clone(&self.exempt),
        }
    }
}

/// The result of a service of axum.
type ServiceResult = Result<Response, Infallible>;

/// The service that [`Protect`] puts around another.
#[derive(Debug, Clone)]
pub struct ProtectService<S> {
    inner: S,
    exempt: Arc<[String]>,
}

impl<S> Service<Request> for ProtectService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<
        Either<S::Future, Map<S::Future, fn(ServiceResult) -> ServiceResult>>,
        Ready<ServiceResult>,
    >;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if self.exempt.iter().any(|path| path == request.uri().path()) {
            return Either::Left(Either::Left(self.inner.call(request)));
        }
        match rejection(&request) {
            None => Either::Left(Either::Right(self.inner.call(request).map(no_store))),
            Some(response) => Either::Right(ready(Ok(response))),
        }
    }
}

/// The answer to a request without a live session.
fn rejection(request: &Request) -> Option<Response> {
    let Some(context) = request.extensions().get::<SessionContext>() else {
        tracing::error!(
            path = request.uri().path(),
            "a protected route is not inside the layer of Dwell: \
             add `.layer(dwell.layer())` to the router"
        );
        return Some(Refusal::MISCONFIGURED.into_response());
    };
    let rejected = RejectedRequest::of(request.method(), request.uri(), request.headers());
    let reason = match &context.visit {
        Visit::Live(_) => return None,
        Visit::OtherPage => return Some(Refusal::ANOTHER_SESSION.into_response()),
        Visit::Ended(tombstone) => Some(tombstone.reason),
        Visit::Anonymous => None,
    };
    Some(turn_away(context.dwell.settings(), &rejected, reason))
}

/// Makes sure that browsers and proxies do not store an answer to somebody who is signed in, unless
/// the answer itself allows it (`H1`).
fn no_store(result: ServiceResult) -> ServiceResult {
    result.map(|mut response| {
        let headers = response.headers_mut();
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        response
    })
}
