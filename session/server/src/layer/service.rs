//! The [`DwellLayer`] and its service.

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
    admission::{RequestFacts, Step, next_step},
    body,
    head::{Classification, GenerationCheck, GenerationValue, RequestHead},
    refusals::{DwellFuture, no_store},
};
use crate::{
    dwell::Dwell,
    navigation::{is_navigation, original_uri},
    refusal::Denied,
    sessions::{LiveSession, Sessions, Visit},
    store::StoreError,
};

/// The layer that must be around all routes that use sessions. It looks up the session that the
/// cookie names, checks the request, touches the session if the user caused the request, and passes
/// on what it knows about the session (`A12`). It refuses forged requests, but it does not reject
/// people who are not signed in; [`Protect`](super::Protect) does that.
///
/// If the store fails, the request is denied (`A11`).
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

/// The service that the [`DwellLayer`] puts around another.
#[derive(Debug, Clone)]
pub struct DwellService<S> {
    dwell: Dwell,
    inner: S,
}

/// What the layer passes on with a request.
#[derive(Debug, Clone)]
pub(crate) struct SessionContext {
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
        let head = RequestHead {
            method: &parts.method,
            target: original_uri(&parts.uri, &parts.extensions).path_and_query(),
            headers: &parts.headers,
            is_routed: parts.extensions.get::<MatchedPath>().is_some(),
        };
        let settings = self.dwell.settings();
        let classification = Classification::of(&head, settings);
        let must_be_read = body::must_be_read(&head, &body);
        let show = is_navigation(&parts.headers).then(|| settings.show_refusal.clone());
        request = Request::from_parts(parts, body);
        if !must_be_read
            && let Some(visit) = immediate_visit(self.dwell.sessions(), &classification)
        {
            let dwell = self.dwell.clone();
            let is_live = matches!(visit, Visit::Live(_));
            request
                .extensions_mut()
                .insert(SessionContext { dwell, visit });
            return DwellFuture::direct(self.inner.call(request), show, is_live);
        }
        let dwell = self.dwell.clone();
        // `poll_ready` was called on this service and not on its clone, so this one must be called.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let handling = Box::pin(async move {
            match decide(&dwell, &classification, &mut request, must_be_read).await {
                Ok(visit) => {
                    let touches = match &visit {
                        Visit::Live(live) if classification.activity == Activity::SendsForm => {
                            Some(live.clone())
                        }
                        _ => None,
                    };
                    let is_live = matches!(visit, Visit::Live(_));
                    let context = SessionContext {
                        dwell: dwell.clone(),
                        visit,
                    };
                    request.extensions_mut().insert(context);
                    let mut response = inner.call(request).await?;
                    if is_live {
                        no_store(&mut response);
                    }
                    if let Some(live) = touches {
                        touch_after_form(dwell.sessions(), &live, response.status()).await;
                    }
                    Ok(response)
                }
                Err(denied) => Ok(denied.into_response()),
            }
        });
        DwellFuture::boxed(handling, show)
    }
}

/// The visit of a request that can be accepted without waiting for anything, as almost all can.
fn immediate_visit(sessions: &Sessions, classification: &Classification) -> Option<Visit> {
    let visit = match (classification.key, classification.activity) {
        (None, _) => Visit::Anonymous,
        (Some(_), _) if classification.asks_for_deadline => return None,
        (Some(key), Activity::OpensPage) => Visit::Live(sessions.touch_indexed(key)?),
        // The session is touched after the form has been accepted.
        (Some(_), Activity::SendsForm) => return None,
        (Some(key), Activity::Passive | Activity::Reported) => {
            Visit::Live(sessions.find_indexed(key)?)
        }
    };
    let facts = RequestFacts {
        is_body_read: true,
        visit: Some(visit),
        is_touched: true,
        ..RequestFacts::default()
    };
    match next_step(classification, &facts) {
        Step::Accept => facts.visit,
        _ => None,
    }
}

/// Decides about a request that has to wait for its body or for the store. Returns its visit if it
/// is accepted.
async fn decide(
    dwell: &Dwell,
    classification: &Classification,
    request: &mut Request,
    must_be_read: bool,
) -> Result<Visit, Denied> {
    let sessions = dwell.sessions();
    let mut facts = RequestFacts {
        is_body_read: !must_be_read,
        ..RequestFacts::default()
    };
    loop {
        match next_step(classification, &facts) {
            Step::Accept => return Ok(facts.visit.unwrap_or(Visit::Anonymous)),
            Step::AcceptFromOtherPage => return Ok(Visit::OtherPage),
            Step::Refuse(refusal) => return Err(refusal.into()),
            Step::ReadBody => {
                let settings = dwell.settings();
                let body = body::read(request, settings.body_limit).await?;
                facts.is_body_read = true;
                if let GenerationCheck::Change {
                    may_be_in_form: true,
                    ..
                } = classification.generation_check
                {
                    facts.form_generation =
                        form_generation(&body, &settings.names.generation_field);
                }
            }
            Step::FindSession => facts.visit = Some(find_visit(sessions, classification).await?),
            Step::FindOwner(generation) => facts.owner = Some(sessions.owner(generation).await?),
            Step::Touch => {
                if let Some(Visit::Live(live)) = &facts.visit {
                    facts.visit = Some(sessions.touch(live, live.now).await?);
                }
                facts.is_touched = true;
            }
        }
    }
}

async fn find_visit(
    sessions: &Sessions,
    classification: &Classification,
) -> Result<Visit, StoreError> {
    let Some(key) = classification.key else {
        return Ok(Visit::Anonymous);
    };
    let indexed = match classification.asks_for_deadline {
        true => None,
        false => sessions.find_indexed(key),
    };
    match indexed {
        Some(live) => Ok(Visit::Live(live)),
        None => sessions.find(key).await,
    }
}

fn form_generation(body: &[u8], name: &str) -> Option<GenerationValue> {
    // If code in the browser has made the form, and it was sent before the driver was running, the
    // field is there but empty.
    let (_, value) =
        form_urlencoded::parse(body).find(|(field, value)| field == name && !value.is_empty())?;
    Some(GenerationValue::from(value.as_ref()))
}

/// Touches the session after a form was sent, unless the form was refused. If this fails, the error
/// is only logged, because what the handler has done cannot be undone.
async fn touch_after_form(sessions: &Sessions, live: &LiveSession, status: StatusCode) {
    if status.is_client_error() || status.is_server_error() {
        return;
    }
    if let Err(error) = sessions.touch(live, live.now).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the activity of sending a form could not be written to the session store"
        );
    }
}
