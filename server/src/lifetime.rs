//! The lifetime layer: decides, before anything else runs, whether a request is served in a live
//! session, and moves the deadline where the user caused the request.

mod activity;
mod cookie;
mod forgery;
mod generation;
mod layer;
mod turned_away;

use axum::{
    extract::{FromRequestParts, Request},
    http::{StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tower_sessions::Session;

use self::activity::Activity;
pub use self::{
    cookie::SessionCookie,
    layer::{LifetimeLayer, LifetimeService},
    turned_away::{turn_away, turn_away_to},
};
use crate::{
    account_id::AccountId,
    sessions::{LiveSession, Sessions, Visit},
    store::{SessionId, SessionKey, StoreError},
};

/// Answers a request that is not to be served.
type Refuse = fn(&Request) -> Option<Response>;

/// Runs inside the [`LifetimeLayer`], where something else is to be done first for those who are
/// turned away.
pub async fn require_session(request: Request, next: Next) -> Response {
    match turn_away_others(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

fn turn_away_others(request: &Request) -> Option<Response> {
    match request.extensions().get::<Visit>() {
        Some(Visit::Live(_)) => None,
        Some(Visit::Ended(tombstone)) => Some(turn_away(request, Some(tombstone.reason))),
        Some(Visit::Anonymous) | None => Some(turn_away(request, None)),
    }
}

/// Lets `request` on, or refuses it.
async fn admit(
    sessions: &Sessions,
    id: Option<SessionId>,
    request: &mut Request,
) -> Result<Option<Response>, StoreError> {
    if let Some(refusal) = forgery::refuse(request) {
        return Ok(Some(refusal));
    }
    let activity = Activity::of(request);
    let mut visit = match id.map(|id| SessionKey::of(&id)) {
        Some(key) if activity.asks_for_deadline(request) => Box::pin(sessions.ask(key)).await?,
        Some(key) => sessions.visit(key).await?,
        None => Visit::Anonymous,
    };
    if let Visit::Live(live) = &visit {
        let refusal = generation::refuse(sessions, &live.session, request).await?;
        if refusal.is_some() {
            return Ok(refusal);
        }
        visit = match activity {
            Activity::OfUser => sessions.touch(live, live.now).await?,
            Activity::Passive | Activity::Reported => visit,
        };
    }
    request.extensions_mut().insert(visit);
    Ok(None)
}

/// Writes what the handler has changed of the session's data. What cannot be written is not
/// answered as if it had been.
async fn save(data: &Session, response: Response) -> Response {
    if data.is_empty().await || response.status().is_server_error() {
        return response;
    }
    match data.save().await {
        Ok(()) => response,
        Err(error) => {
            tracing::error!(%error, "the data of a session could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The live session of the request, for handlers behind [`require_session`].
#[derive(Debug, Clone)]
pub struct CurrentSession {
    /// The session.
    pub live: LiveSession,
    /// Whose it is.
    pub account: AccountId,
}

impl<S: Sync> FromRequestParts<S> for CurrentSession {
    type Rejection = StatusCode;

    /// Rejects with 401 where the route is not behind [`require_session`].
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        match parts.extensions.get::<Visit>() {
            Some(Visit::Live(live)) => {
                let live = *live;
                let account = live.session.account;
                Ok(Self { live, account })
            }
            Some(Visit::Ended(_) | Visit::Anonymous) | None => Err(StatusCode::UNAUTHORIZED),
        }
    }
}
