//! How a session begins.

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

/// How many sessions of one person live at a time: far more than anybody has browsers, and few
/// enough to be shown on one page.
const LIMIT_OF_PERSON: usize = 100;

/// What a session begins with.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub person: PersonId,
    /// The session that the browser came with, which is replaced if it is live.
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
    /// Its id, for the cookie.
    pub id: SessionId,
    pub live: LiveSession,
}

impl Sessions {
    /// Begins a session for a person who has just proved who they are. The session that the browser
    /// came with ends in the same step if it lives (`D1`). Sessions that were begun with another
    /// version of the credential end (`C5`). Of more than a hundred sessions of one person, the one
    /// that has been inactive for longest ends (`E1`).
    pub(crate) async fn begin(&self, beginning: Beginning) -> Result<Begun, StoreError> {
        let Beginning {
            person,
            previous,
            limits,
            authenticated_ago,
            credential,
            provider,
            origin,
        } = beginning;
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

    /// Ends what the new session leaves no room for: sessions that were begun with another version of
    /// the credential, and those that have been inactive for longest if there are too many, so that
    /// one person cannot make the store grow without bound. Where there were more than a bound of them
    /// before there was this bound, they go with the next sign-ins.
    async fn end_surplus(
        &self,
        person: &PersonId,
        new: SessionKey,
        credential: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut others = self.others(person, new).await?;
        if let Some(credential) = credential {
            let is_old = |other: &mut ListedSession| {
                let version = other.credential.as_deref();
                version.is_some_and(|version| version != credential)
            };
            for old in others.extract_if(.., is_old) {
                self.end(old.session.key, EndReason::Revoked).await?;
            }
        }
        let too_many = others.iter().skip(LIMIT_OF_PERSON - 1);
        for other in too_many.take(LIMIT_OF_PERSON) {
            self.end(other.session.key, EndReason::Replaced).await?;
        }
        Ok(())
    }
}
