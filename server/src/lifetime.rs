//! The lifetime layer: decides, before anything else runs, whether a request is served in a live
//! session, and moves the deadline where the user caused the request.

mod activity;
mod admission;
mod body;
mod cookie;
mod data;
mod forgery;
mod generation;
mod layer;
mod turned_away;

use axum::{
    extract::{FromRequestParts, Request},
    http::{Extensions, Method, StatusCode, request::Parts},
    middleware::Next,
    response::Response,
};

use self::admission::FromOtherPage;
pub(crate) use self::cookie::cookie_value;
pub use self::{
    cookie::SessionCookie,
    data::lend_data,
    generation::another_session,
    layer::{LifetimeLayer, LifetimeService},
    turned_away::{turn_away, turn_away_to},
};
use crate::{
    account_id::AccountId,
    sessions::{LiveSession, Visit},
};

/// Runs inside the [`LifetimeLayer`], where something else is to be done first for those who are
/// turned away.
pub async fn require_session(request: Request, next: Next) -> Response {
    match turn_away_others(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// Whether a request with these extensions comes from a page of another session than the live one
/// that its cookie names.
pub fn is_from_other_page(extensions: &Extensions) -> bool {
    extensions.get::<FromOtherPage>().is_some()
}

fn turn_away_other_pages(request: &Request) -> Option<Response> {
    let advice = "Nothing was changed. Open the page again to see who is signed in.";
    is_from_other_page(request.extensions()).then(|| another_session(request.headers(), advice))
}

fn turn_away_others(request: &Request) -> Option<Response> {
    let refusal = turn_away_other_pages(request);
    if refusal.is_some() {
        return refusal;
    }
    match request.extensions().get::<Visit>() {
        Some(Visit::Live(_)) => None,
        Some(Visit::Ended(tombstone)) => Some(turn_away(request, Some(tombstone.reason))),
        Some(Visit::Anonymous) | None => Some(turn_away(request, None)),
    }
}

fn changes_something(request: &Request) -> bool {
    !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    )
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
