//! The extractors with which handlers receive the session of a request.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{Extensions, request::Parts},
    response::IntoResponse as _,
};
use dwell_session::{ActiveStatus, Generation, Instant, Status};

use crate::{
    PersonId,
    dwell::Dwell,
    layer::SessionContext,
    navigation::original_uri,
    refusal::{Denied, Refusal},
    sessions::{LiveSession, Visit},
    store::{Session, SessionKey, StoreError},
    turned_away::{RejectedRequest, turn_away},
};

/// The live session in which a request is made.
///
/// As an extractor it rejects requests without a live session, as [`Protect`](crate::Protect) does.
/// Use `Option<CurrentSession>` for pages that everybody may open.
#[derive(Debug, Clone)]
pub struct CurrentSession {
    dwell: Dwell,
    live: LiveSession,
}

impl CurrentSession {
    /// The session of the request with these extensions, if there is a live one. This is for code
    /// that is not a handler, for example the document around the pages of a Leptos program.
    pub fn find(extensions: &Extensions) -> Option<Self> {
        let SessionContext { dwell, visit } = extensions.get()?;
        match visit {
            Visit::Live(live) => Some(Self {
                dwell: dwell.clone(),
                live: live.clone(),
            }),
            Visit::Ended(_) | Visit::OtherPage | Visit::Anonymous => None,
        }
    }

    /// The person whose session it is.
    pub fn person(&self) -> &PersonId {
        &self.live.session.person
    }

    /// The key of the session, which identifies it inside the server.
    pub fn key(&self) -> SessionKey {
        self.live.session.key
    }

    /// The generation of the session, which identifies it to its pages.
    pub fn generation(&self) -> Generation {
        self.live.session.generation
    }

    /// The session as the store keeps it, including touches that have not been written yet.
    pub fn session(&self) -> &Session {
        &self.live.session
    }

    /// The time of the request, by the store's clock.
    pub fn now(&self) -> Instant {
        self.live.now
    }

    /// The status of the session, which says how much time is left.
    pub fn status(&self) -> ActiveStatus {
        self.live.status(self.dwell.policy())
    }

    /// The [`Dwell`] whose session it is.
    pub fn dwell(&self) -> &Dwell {
        &self.dwell
    }

    /// Reports activity of the user that was `idle_for` ago, and returns the status for the page.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn keep_alive(&self, idle_for: std::time::Duration) -> Result<Status, StoreError> {
        let sessions = self.dwell.sessions();
        let active_at = self.live.now - idle_for;
        Ok(match sessions.touch(&self.live, active_at).await? {
            Visit::Live(live) => {
                sessions.meter().kept_alive();
                Status::Active(live.status(sessions.policy()))
            }
            Visit::Ended(tombstone) => Status::Ended {
                reason: tombstone.reason,
            },
            Visit::OtherPage | Visit::Anonymous => Status::Anonymous,
        })
    }
}

impl<S: Sync> FromRequestParts<S> for CurrentSession {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denied> {
        let SessionContext { dwell, visit } = session_context(parts)?;
        let reason = match visit {
            Visit::Live(live) => {
                return Ok(Self {
                    dwell: dwell.clone(),
                    live: live.clone(),
                });
            }
            Visit::OtherPage => return Err(Refusal::ANOTHER_SESSION.into()),
            Visit::Ended(tombstone) => Some(tombstone.reason),
            Visit::Anonymous => None,
        };
        let rejected = RejectedRequest::of(
            &parts.method,
            original_uri(&parts.uri, &parts.extensions),
            &parts.headers,
        );
        let answer = turn_away(dwell.settings(), &rejected, reason);
        Err(Denied::Answered(Box::new(answer)))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for CurrentSession {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Denied> {
        match session_context(parts)?.visit {
            // A guest may send this, but the person of that page did not mean to send it as a guest.
            Visit::OtherPage => Err(Refusal::ANOTHER_SESSION.into()),
            Visit::Live(_) | Visit::Ended(_) | Visit::Anonymous => {
                Ok(Self::find(&parts.extensions))
            }
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denied> {
        Ok(session_context(parts)?.visit.clone())
    }
}

impl<S: Sync> FromRequestParts<S> for Dwell {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denied> {
        Ok(session_context(parts)?.dwell.clone())
    }
}

/// What the layer has found out about the session of the request.
pub(crate) fn session_context(parts: &Parts) -> Result<&SessionContext, Denied> {
    parts.extensions.get().ok_or_else(|| {
        tracing::error!(
            path = parts.uri.path(),
            "a handler needs the session of its request, but its route is not inside the layer of \
             Dwell: add `.layer(dwell.layer())` to the router"
        );
        Denied::Answered(Box::new(Refusal::MISCONFIGURED.into_response()))
    })
}
