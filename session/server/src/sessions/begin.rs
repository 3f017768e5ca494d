//! SessionParams a session.

use std::time::Duration;

use dwell_session::{EndReason, Generation};

use super::{LiveSession, Sessions};
use crate::{
    PersonId,
    store::{
        Data, ListedSession, NewSession, Origin, Provider, Session, SessionId, SessionKey,
        SessionLimits, StoreError,
    },
};

/// How many live sessions one person may have. This is far more than anybody has browsers, and few
/// enough to be shown on one page.
const MAX_SESSIONS_PER_PERSON: usize = 100;

/// The parameters of a new session.
#[derive(Debug)]
pub(crate) struct SessionParams {
    pub person: PersonId,
    /// The previous session of the browser, which is replaced if it is live.
    pub previous: Option<SessionKey>,
    pub limits: SessionLimits,
    pub authenticated_ago: Duration,
    pub credential: Option<String>,
    pub provider: Option<Provider>,
    pub origin: Origin,
}

/// A session that has just begun.
#[derive(Debug)]
pub(crate) struct Begun {
    /// The id of the session, for the cookie.
    pub id: SessionId,
    pub live: LiveSession,
}

impl Sessions {
    /// Begins a session for a person who has been authenticated. The previous session of the
    /// browser ends in the same step if it is live (`D1`). Sessions that were begun with another
    /// version of the credential end (`C5`). If the person then has more than
    /// [`MAX_SESSIONS_PER_PERSON`] sessions, those that have been inactive for the longest time end
    /// (`E1`).
    pub(crate) async fn begin(&self, params: SessionParams) -> Result<Begun, StoreError> {
        let SessionParams {
            person,
            previous,
            limits,
            authenticated_ago,
            credential,
            provider,
            origin,
        } = params;
        let id = SessionId::default();
        let new = NewSession {
            key: SessionKey::of(&id),
            person: person.clone(),
            generation: Generation::from_random(rand::random()),
            limits,
            authenticated_ago,
            credential: credential.clone(),
            provider,
            origin,
            data: Data::new(),
        };
        let (key, generation) = (new.key, new.generation);
        let rotated = match previous {
            Some(previous) => self.store.rotate(previous, new.clone()).await?,
            None => None,
        };
        if let Some(previous) = previous.filter(|_| rotated.is_some()) {
            self.index.evict(previous);
            self.report_end(previous, EndReason::Replaced);
        }
        let is_rotated = rotated.is_some();
        let lifetime = match rotated {
            Some(lifetime) => lifetime,
            None => self.store.create(new).await?,
        };
        if !is_rotated || credential.is_some() {
            self.end_surplus(&person, key, credential.as_deref())
                .await?;
        }
        self.meter.session_began();
        tracing::info!(event = "session_created", session = %key, %person);
        let session = Session {
            key,
            person,
            generation,
            lifetime,
            limits,
        };
        let now = lifetime.last_active_at();
        let live = LiveSession::stored(session, now);
        Ok(Begun { id, live })
    }

    /// Ends the sessions that were begun with another version of the credential, and, if the person
    /// has too many sessions, those that have been inactive for the longest time, so that one
    /// person cannot make the store grow without a limit. At most [`MAX_SESSIONS_PER_PERSON`] of
    /// the latter end at once; if there are more, because they began before the limit existed, the
    /// others end with the next sign-ins.
    async fn end_surplus(
        &self,
        person: &PersonId,
        new: SessionKey,
        credential: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut others = self.list_others(person, new).await?;
        if let Some(credential) = credential {
            let is_old = |other: &mut ListedSession| {
                let version = other.credential.as_deref();
                version.is_some_and(|version| version != credential)
            };
            for old in others.extract_if(.., is_old) {
                self.end(old.session.key, EndReason::Revoked).await?;
            }
        }
        let too_many = others.iter().skip(MAX_SESSIONS_PER_PERSON - 1);
        for other in too_many.take(MAX_SESSIONS_PER_PERSON) {
            self.end(other.session.key, EndReason::Replaced).await?;
        }
        Ok(())
    }
}
