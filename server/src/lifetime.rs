//! The lifetime layer: decides, before anything else runs, whether a request is served in a live
//! session, and moves the deadline where the user caused the request.

mod activity;
mod forgery;
mod generation;
mod turned_away;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{StatusCode, request::Parts},
    middleware::Next,
    response::Response,
};
use tower_sessions::Session;

pub use self::turned_away::{turn_away, turn_away_to};
use self::{activity::Activity, generation::GenerationCheck};
use crate::{
    account_id::AccountId,
    refusal::unavailable,
    sessions::{LiveSession, Sessions, Visit},
    state::AppState,
    store::{SessionId, SessionKey, StoreError},
};

/// Runs around every route: loads the session, checks it, touches it, and hands it on as a
/// [`Visit`] in the request's extensions (`A12`).
///
/// A store that fails denies (`A11`).
pub async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    match admit(&state.sessions, request).await {
        Ok(Admitted::Serve(request)) => next.run(request).await,
        Ok(Admitted::Refuse(response)) => response,
        Err(error) => unavailable(&headers, &error),
    }
}

/// Runs around the protected routes: turns away whoever is not signed in.
pub async fn require_session(request: Request, next: Next) -> Response {
    match request.extensions().get::<Visit>() {
        Some(Visit::Live(_)) => next.run(request).await,
        Some(Visit::Ended(tombstone)) => turn_away(&request, Some(tombstone.reason)),
        Some(Visit::Anonymous) | None => turn_away(&request, None),
    }
}

enum Admitted {
    Serve(Request),
    Refuse(Response),
}

async fn admit(sessions: &Sessions, request: Request) -> Result<Admitted, StoreError> {
    if let Some(refusal) = forgery::refuse(&request) {
        return Ok(Admitted::Refuse(refusal));
    }
    let visit = match presented_id(&request).map(|id| SessionKey::of(&id)) {
        Some(key) if activity::asks_for_deadline(&request) => sessions.ask(key).await?,
        Some(key) => sessions.visit(key).await?,
        None => Visit::Anonymous,
    };
    let (mut request, visit) = match visit {
        Visit::Live(live) => match generation::check(sessions, &live.session, request).await? {
            GenerationCheck::Passed(request) => (request, Visit::Live(live)),
            GenerationCheck::Refused(response) => return Ok(Admitted::Refuse(response)),
        },
        visit => (request, visit),
    };
    let visit = match (visit, Activity::of(&request)) {
        (Visit::Live(live), Activity::OfUser) => sessions.touch(&live, live.now).await?,
        (visit, Activity::OfUser | Activity::Passive | Activity::Reported) => visit,
    };
    request.extensions_mut().insert(visit);
    Ok(Admitted::Serve(request))
}

fn presented_id(request: &Request) -> Option<SessionId> {
    request.extensions().get::<Session>()?.id()
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
                let live = live.clone();
                let account = live.session.account;
                Ok(Self { live, account })
            }
            Some(Visit::Ended(_) | Visit::Anonymous) | None => Err(StatusCode::UNAUTHORIZED),
        }
    }
}
