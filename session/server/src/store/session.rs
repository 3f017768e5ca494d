//! What a store keeps of a session.

use std::{collections::HashMap, time::Duration};

use dwell_session::{EndReason, Generation, Instant, Lifetime, Policy};
use serde_json::Value;

use super::SessionKey;
use crate::PersonId;

/// The small data of a session, as `tower_sessions` keeps it.
pub type Data = HashMap<String, Value>;

/// The timeouts of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// The idle timeout.
    pub idle: Duration,
    /// The absolute timeout.
    pub absolute: Duration,
}

impl From<&Policy> for SessionLimits {
    fn from(policy: &Policy) -> Self {
        Self {
            idle: policy.idle(),
            absolute: policy.absolute(),
        }
    }
}

/// A session that is to be created.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Names it.
    pub key: SessionKey,
    /// Whose it is.
    pub person: PersonId,
    /// Its generation.
    pub generation: Generation,
    /// Its timeouts.
    pub limits: SessionLimits,
    /// How long ago the person proved who they are: the absolute timeout counts from then.
    pub authenticated_ago: Duration,
    /// The version of the credential that the person proved it with, if the program has said so.
    pub credential: Option<String>,
    /// The session at the identity provider that it follows from, if it does.
    pub provider: Option<Provider>,
    /// Where it is created from.
    pub origin: Origin,
    /// Its data.
    pub data: Data,
}

/// A session at an identity provider, as OpenID Connect names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Who has authenticated the person (`iss`).
    pub issuer: String,
    /// The person's name there (`sub`).
    pub subject: String,
    /// The session's name there (`sid`), if the provider has told it.
    pub session: Option<String>,
}

/// Where a session was created from (`E3`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The network address.
    pub address: String,
    /// What the browser calls itself, shortened and without control characters.
    pub browser: String,
}

/// A session that nothing has ended, except perhaps time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Names it.
    pub key: SessionKey,
    /// Whose it is.
    pub person: PersonId,
    /// Its generation.
    pub generation: Generation,
    /// When it began and was last active.
    pub lifetime: Lifetime,
    /// Its timeouts.
    pub limits: SessionLimits,
}

impl Session {
    /// `policy`, with the timeouts of this session where they are shorter.
    pub fn policy(&self, policy: &Policy) -> Policy {
        policy.capped(self.limits.idle, self.limits.absolute)
    }

    /// The instant at which time ends the session if nobody touches it, and for which reason.
    pub fn deadline(&self) -> (Instant, EndReason) {
        let SessionLimits { idle, absolute } = self.limits;
        let deadline = self.lifetime.deadline_within(idle, absolute);
        (deadline.at, deadline.limit.into())
    }

    /// What is left of it when it has ended for `reason`.
    pub fn tombstone(&self, reason: EndReason) -> Tombstone {
        Tombstone {
            person: self.person.clone(),
            generation: self.generation,
            reason,
        }
    }
}

/// A live session, as its person is shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSession {
    /// The session.
    pub session: Session,
    /// Where it was created from.
    pub origin: Origin,
    /// The version of the credential that it was begun with.
    pub credential: Option<String>,
}

/// What a store knows of a session at an instant of its own clock.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// That instant.
    pub now: Instant,
    /// What it knows.
    pub presence: Presence,
}

/// Whether there is a session.
#[derive(Debug, Clone)]
pub enum Presence {
    /// It is there. Whether its time is over follows from its lifetime and its limits.
    Found(Session),
    /// It was there and has ended.
    Ended(Tombstone),
    /// No session has this key, or it ended long ago. It is never adopted (`B8`).
    Unknown,
}

/// What is left of a session that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// Whose it was.
    pub person: PersonId,
    /// Its generation.
    pub generation: Generation,
    /// Why it ended.
    pub reason: EndReason,
}

/// What [`Store::sweep`](super::Store::sweep) has done.
#[derive(Debug, Clone, Default)]
pub struct Sweep {
    /// What it ended.
    pub ended: Vec<Expired>,
    /// Whether there may be more to sweep.
    pub is_more: bool,
}

/// A session that time has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// Names it.
    pub key: SessionKey,
    /// Whose it was.
    pub person: PersonId,
    /// The limit that ended it.
    pub reason: EndReason,
    /// When it ended, which is before it was swept.
    pub ended_at: Instant,
}
