//! The lifetime layer, as the router takes it.

use std::{
    convert::Infallible,
    mem,
    task::{Context, Poll},
};

use axum::{extract::Request, http::StatusCode, response::Response};
use futures::future::{BoxFuture, Either};
use tower::{Layer, Service};

use super::{admission::Admission, cookie, turn_away_other_pages, turn_away_others};
use crate::{
    refusal::unavailable,
    sessions::{LiveSession, Sessions},
    state::AppState,
};

/// Answers a request that is not to be served.
type Refuse = fn(&Request) -> Option<Response>;

/// Runs around every route: loads the session, checks it, touches it, and hands it on as a
/// [`Visit`](crate::sessions::Visit) in the request's extensions (`A12`).
///
/// A store that fails denies (`A11`).
#[derive(Debug, Clone)]
pub struct LifetimeLayer {
    state: AppState,
    refuse: Refuse,
}

impl LifetimeLayer {
    /// Around routes for everybody.
    pub fn new(state: AppState) -> Self {
        let refuse: Refuse = turn_away_other_pages;
        Self { state, refuse }
    }

    /// Around routes that turn away themselves whom they do not serve.
    pub fn letting_on(state: AppState) -> Self {
        let refuse: Refuse = |_| None;
        Self { state, refuse }
    }

    /// Around routes for people who are signed in alone: turns away everybody else.
    pub fn protecting(state: AppState) -> Self {
        let refuse: Refuse = turn_away_others;
        Self { state, refuse }
    }
}

impl<S> Layer<S> for LifetimeLayer {
    type Service = LifetimeService<S>;

    fn layer(&self, inner: S) -> LifetimeService<S> {
        LifetimeService {
            layer: self.clone(),
            inner,
        }
    }
}

/// Routes with the [`LifetimeLayer`] around them.
///
/// No middleware function: almost every request is admitted before there is a future that would
/// have to hold it, in a copy of all these routes.
#[derive(Debug, Clone)]
pub struct LifetimeService<S> {
    layer: LifetimeLayer,
    inner: S,
}

impl<S> Service<Request> for LifetimeService<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let LifetimeLayer { state, refuse } = &self.layer;
        let id = cookie::presented(&state.cookie, request.headers());
        let admission = Admission::of(id, &request);
        if admission.at_once(&state.sessions, &mut request) {
            return Either::Left(self.inner.call(request));
        }
        let (state, refuse) = (state.clone(), *refuse);
        // The one that is ready must be the one that is called.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        Either::Right(Box::pin(async move {
            let refusal = match admission.decide(&state.sessions, &mut request).await {
                Ok(refusal) => refusal.or_else(|| refuse(&request)),
                Err(error) => Some(unavailable(request.headers(), &error)),
            };
            if let Some(refusal) = refusal {
                return Ok(refusal);
            }
            let counts_in = admission.counts_in(&request);
            let response = inner.call(request).await?;
            if let Some(live) = counts_in {
                count(&state.sessions, &live, response.status()).await;
            }
            Ok(response)
        }))
    }
}

/// Counts what was sent as activity, unless it was refused. What was done stays done where that
/// fails, so the answer does too.
async fn count(sessions: &Sessions, live: &LiveSession, status: StatusCode) {
    if status.is_client_error() || status.is_server_error() {
        return;
    }
    if let Err(error) = sessions.touch(live, live.now).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "what was sent could not be counted as activity"
        );
    }
}
