//! The session of a request, for handlers.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{Extensions, request::Parts},
    response::IntoResponse as _,
};
use dwell_session::{ActiveStatus, Generation, Instant, Status};

use crate::{
    PersonId,
    dwell::Dwell,
    layer::Attached,
    refusal::{Denied, Refusal},
    sessions::{LiveSession, Visit},
    store::{Session, SessionKey, StoreError},
    turned_away::{Asked, turn_away},
};

/// The live session that a request is made in.
///
/// As an extractor it turns away who is not signed in, as [`Protect`](crate::Protect) does.
/// `Option<CurrentSession>` is for pages for everybody.
#[derive(Debug, Clone)]
pub struct CurrentSession {
    dwell: Dwell,
    live: LiveSession,
}

impl CurrentSession {
    /// The session of the request that has these extensions, if it is made in one: for code that is no
    /// handler, such as the document around the pages of a Leptos program.
    pub fn find(extensions: &Extensions) -> Option<Self> {
        let Attached { dwell, visit } = extensions.get()?;
        match visit {
            Visit::Live(live) => Some(Self {
                dwell: dwell.clone(),
                live: live.clone(),
            }),
            Visit::Ended(_) | Visit::OtherPage | Visit::Anonymous => None,
        }
    }

    /// Whose it is.
    pub fn person(&self) -> &PersonId {
        &self.live.session.person
    }

    /// Names it inside the server.
    pub fn key(&self) -> SessionKey {
        self.live.session.key
    }

    /// Names it for its pages.
    pub fn generation(&self) -> Generation {
        self.live.session.generation
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.live.session
    }

    /// The instant of the request, on the store's clock.
    pub fn now(&self) -> Instant {
        self.live.now
    }

    /// What its page is told: how much time is left.
    pub fn status(&self) -> ActiveStatus {
        self.live.status(self.dwell.policy())
    }

    /// Dwell itself.
    pub fn dwell(&self) -> &Dwell {
        &self.dwell
    }

    /// Counts an activity of the user of `idle_for` ago, and returns what the page is to be told.
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
        let Attached { dwell, visit } = attached(parts)?;
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
        let asked = Asked::of(&parts.method, &parts.uri, &parts.headers);
        let answer = turn_away(dwell.settings(), &asked, reason);
        Err(Denied::Answered(Box::new(answer)))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for CurrentSession {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Denied> {
        attached(parts)?;
        Ok(Self::find(&parts.extensions))
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denied> {
        Ok(attached(parts)?.visit.clone())
    }
}

impl<S: Sync> FromRequestParts<S> for Dwell {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denied> {
        Ok(attached(parts)?.dwell.clone())
    }
}

/// What the layer has handed on.
pub(crate) fn attached(parts: &Parts) -> Result<&Attached, Denied> {
    parts.extensions.get().ok_or_else(|| {
        tracing::error!(
            path = parts.uri.path(),
            "a handler asks for the session, and the layer of Dwell does not run around its route: \
             add `.layer(dwell.layer())` to the router"
        );
        Denied::Answered(Box::new(Refusal::MISCONFIGURED.into_response()))
    })
}
