//! The layer, as a router takes it.

use std::{
    convert::Infallible,
    mem,
    task::{Context, Poll},
};

use axum::{
    extract::{MatchedPath, Request},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use tower::{Layer, Service};

use super::{
    activity::Activity,
    admission::{Facts, Step, next},
    body,
    head::{Claim, Head, Line, Presented},
    refusals::DwellFuture,
};
use crate::{
    dwell::Dwell,
    navigation::is_navigation,
    refusal::Denied,
    sessions::{LiveSession, Sessions, Visit},
    store::StoreError,
};

/// Runs around all routes that know sessions: looks up the session that the cookie names, checks the
/// request, touches the session where the user caused the request, and lets the request on with what
/// is known of its session (`A12`). Turning away who is not signed in is the business of
/// [`Protect`](super::Protect).
///
/// A store that fails denies (`A11`).
#[derive(Debug, Clone)]
pub struct DwellLayer {
    dwell: Dwell,
}

impl DwellLayer {
    pub(crate) fn new(dwell: Dwell) -> Self {
        Self { dwell }
    }
}

impl<S> Layer<S> for DwellLayer {
    type Service = DwellService<S>;

    fn layer(&self, inner: S) -> DwellService<S> {
        DwellService {
            dwell: self.dwell.clone(),
            inner,
        }
    }
}

/// Routes with the [`DwellLayer`] around them.
#[derive(Debug, Clone)]
pub struct DwellService<S> {
    dwell: Dwell,
    inner: S,
}

/// What the layer hands on with a request.
#[derive(Debug, Clone)]
pub(crate) struct Attached {
    pub dwell: Dwell,
    pub visit: Visit,
}

impl<S> Service<Request> for DwellService<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = DwellFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let (parts, body) = request.into_parts();
        let line = Line {
            method: &parts.method,
            target: parts.uri.path_and_query(),
            headers: &parts.headers,
            is_routed: parts.extensions.get::<MatchedPath>().is_some(),
        };
        let settings = self.dwell.settings();
        let head = Head::of(&line, settings);
        let is_awaited = body::is_awaited(&line, &body);
        let show = is_navigation(&parts.headers).then(|| settings.show_refusal.clone());
        request = Request::from_parts(parts, body);
        if !is_awaited && let Some(visit) = at_once(self.dwell.sessions(), &head) {
            let dwell = self.dwell.clone();
            request.extensions_mut().insert(Attached { dwell, visit });
            return DwellFuture::at_once(self.inner.call(request), show);
        }
        let dwell = self.dwell.clone();
        // The service that is ready must be the one that is called.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let handling = Box::pin(async move {
            match decide(&dwell, &head, &mut request, is_awaited).await {
                Ok(visit) => {
                    let counts_in = match &visit {
                        Visit::Live(live) if head.activity == Activity::Sends => Some(live.clone()),
                        _ => None,
                    };
                    let attached = Attached {
                        dwell: dwell.clone(),
                        visit,
                    };
                    request.extensions_mut().insert(attached);
                    let response = inner.call(request).await?;
                    if let Some(live) = counts_in {
                        count(dwell.sessions(), &live, response.status()).await;
                    }
                    Ok(response)
                }
                Err(denied) => Ok(denied.into_response()),
            }
        });
        DwellFuture::later(handling, show)
    }
}

/// The visit of a request that can be let on without waiting for anything, as almost every one can.
fn at_once(sessions: &Sessions, head: &Head) -> Option<Visit> {
    let visit = match (head.key, head.activity) {
        (None, _) => Visit::Anonymous,
        (Some(_), _) if head.asks_for_deadline => return None,
        (Some(key), Activity::Opens) => Visit::Live(sessions.touch_known(key)?),
        // It is counted once it has been taken.
        (Some(_), Activity::Sends) => return None,
        (Some(key), Activity::Passive | Activity::Reported) => Visit::Live(sessions.known(key)?),
    };
    let facts = Facts {
        has_arrived: true,
        visit: Some(visit),
        is_counted: true,
        ..Facts::default()
    };
    match next(head, &facts) {
        Step::LetOn => facts.visit,
        _ => None,
    }
}

/// The visit of a request that is let on, once everything that decides about it is known.
async fn decide(
    dwell: &Dwell,
    head: &Head,
    request: &mut Request,
    is_awaited: bool,
) -> Result<Visit, Denied> {
    let sessions = dwell.sessions();
    let mut facts = Facts {
        has_arrived: !is_awaited,
        ..Facts::default()
    };
    loop {
        match next(head, &facts) {
            Step::LetOn => return Ok(facts.visit.unwrap_or(Visit::Anonymous)),
            Step::LetOnFromOtherPage => return Ok(Visit::OtherPage),
            Step::Refuse(refusal) => return Err(refusal.into()),
            Step::ReadBody => {
                let settings = dwell.settings();
                let sent = body::read(request, settings.body_limit).await?;
                facts.has_arrived = true;
                if let Claim::Change {
                    may_be_in_form: true,
                    ..
                } = head.claim
                {
                    facts.in_form = in_form(&sent, &settings.names.generation_field);
                }
            }
            Step::AskStore => facts.visit = Some(ask(sessions, head).await?),
            Step::AskOwner(generation) => facts.owner = Some(sessions.owner(generation).await?),
            Step::Touch => {
                if let Some(Visit::Live(live)) = &facts.visit {
                    facts.visit = Some(sessions.touch(live, live.now).await?);
                }
                facts.is_counted = true;
            }
        }
    }
}

async fn ask(sessions: &Sessions, head: &Head) -> Result<Visit, StoreError> {
    let Some(key) = head.key else {
        return Ok(Visit::Anonymous);
    };
    let known = match head.asks_for_deadline {
        true => None,
        false => sessions.known(key),
    };
    match known {
        Some(live) => Ok(Visit::Live(live)),
        None => sessions.ask(key).await,
    }
}

fn in_form(sent: &[u8], name: &str) -> Option<Presented> {
    // A form that code in the browser has made, and that was sent before the driver was there, has the
    // field and no generation in it.
    let (_, value) =
        form_urlencoded::parse(sent).find(|(field, value)| field == name && !value.is_empty())?;
    Some(Presented::from(value.as_ref()))
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
