//! Turns away people who are not signed in, or no longer (`C9`).

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    response::{IntoResponse as _, Response},
};
use futures::future::{BoxFuture, Either};
use tower::{Layer, Service};

#[cfg(feature = "drafts")]
use super::late;
use super::service::SessionContext;
use crate::{
    dwell::Dwell,
    navigation::original_uri,
    refusal::Refusal,
    sessions::Visit,
    turned_away::{RejectedRequest, turn_away},
};

/// The layer around routes for people who are signed in. It must be inside of the
/// [`DwellLayer`](super::DwellLayer) of the same instance. Everybody else is turned away before a
/// handler runs.
///
/// If drafts are kept, a form that arrives after the end of its session is kept as a draft of the
/// person whose session it was (`F3`). This needs the field with the generation and the field that
/// [`Names::form_field`](crate::Names::form_field) names, which has the name of the form.
#[derive(Debug, Clone)]
pub struct Protect {
    dwell: Dwell,
    exempt: Arc<[String]>,
}

impl Protect {
    pub(crate) fn new(dwell: Dwell) -> Self {
        Self {
            dwell,
            exempt: [].into(),
        }
    }

    /// Does not protect the routes at exactly these paths, as the browser sends them. This is for
    /// routes that are put together elsewhere, such as the pages and server functions of a Leptos
    /// program.
    #[must_use]
    pub fn except<P: Into<String>>(self, paths: impl IntoIterator<Item = P>) -> Self {
        let more = paths.into_iter().map(Into::into);
        Self {
            exempt: self.exempt.iter().cloned().chain(more).collect(),
            ..self
        }
    }

    /// Returns the visit of a request that must be turned away.
    fn check(&self, request: &Request) -> Check {
        let path = original_uri(request.uri(), request.extensions()).path();
        if self.exempt.iter().any(|exempt| exempt == path) {
            return Check::Passed;
        }
        let fault = match request.extensions().get::<SessionContext>() {
            None => {
                "a protected route is not inside the layer of Dwell: \
                 add `.layer(dwell.layer())` to the router"
            }
            Some(context) if !context.dwell.is(&self.dwell) => {
                "a route is protected by one instance of Dwell, and is inside the layer of another"
            }
            Some(SessionContext {
                visit: Visit::Live(_),
                ..
            }) => return Check::Passed,
            Some(_) if path == self.dwell.names().sign_in => {
                "the page for signing in is protected, so nobody can sign in: \
                 add its route after `route_layer(dwell.protect())`"
            }
            Some(context) => return Check::TurnedAway(context.visit.clone()),
        };
        tracing::error!(path, "{fault}");
        Check::Misconfigured
    }
}

enum Check {
    Passed,
    TurnedAway(Visit),
    Misconfigured,
}

impl<S> Layer<S> for Protect {
    type Service = ProtectService<S>;

    fn layer(&self, inner: S) -> ProtectService<S> {
        ProtectService {
            inner,
            protect: self.clone(),
        }
    }
}

/// The service that [`Protect`] puts around another.
#[derive(Debug, Clone)]
pub struct ProtectService<S> {
    inner: S,
    protect: Protect,
}

impl<S> Service<Request> for ProtectService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let visit = match self.protect.check(&request) {
            Check::Passed => return Either::Left(self.inner.call(request)),
            Check::TurnedAway(visit) => Some(visit),
            Check::Misconfigured => None,
        };
        let dwell = self.protect.dwell.clone();
        Either::Right(Box::pin(async move {
            Ok(match visit {
                Some(visit) => rejection(&dwell, &visit, request).await,
                None => Refusal::MISCONFIGURED.into_response(),
            })
        }))
    }
}

/// The answer to a request without a live session.
async fn rejection(dwell: &Dwell, visit: &Visit, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    #[cfg(feature = "drafts")]
    let is_kept = match late::keep(dwell, visit, &parts, body).await {
        Ok(is_kept) => is_kept,
        Err(denied) => return denied.into_response(),
    };
    #[cfg(not(feature = "drafts"))]
    let is_kept = {
        drop(body);
        false
    };
    let reason = match visit {
        Visit::Live(_) | Visit::Anonymous => None,
        Visit::OtherPage if is_kept => return KEPT.into_response(),
        Visit::OtherPage => return Refusal::ANOTHER_SESSION.into_response(),
        Visit::Ended(tombstone) => Some(tombstone.reason),
    };
    let uri = original_uri(&parts.uri, &parts.extensions);
    let rejected = RejectedRequest::of(&parts.method, uri, &parts.headers);
    turn_away(dwell.settings(), &rejected, reason)
}

const KEPT: Refusal = Refusal {
    advice: "What was sent is not saved, but it is kept as a draft for the person who wrote it. \
             Open the page again to see who is signed in.",
    ..Refusal::ANOTHER_SESSION
};
