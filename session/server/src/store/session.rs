//! The types that stores of sessions use.

use std::{collections::HashMap, time::Duration};

use dwell_session::{EndReason, Generation, Instant, Lifetime, Policy};
use serde_json::Value;

use super::SessionKey;
use crate::PersonId;

/// The data that a program keeps in a session by means of `tower_sessions`.
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

/// A session to create.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its key.
    pub key: SessionKey,
    /// The person whose session it is.
    pub person: PersonId,
    /// Its generation.
    pub generation: Generation,
    /// Its timeouts.
    pub limits: SessionLimits,
    /// How long ago the person was authenticated. The absolute timeout counts from then.
    pub authenticated_ago: Duration,
    /// The version of the credential with which the person was authenticated, if the program has
    /// set one.
    pub credential: Option<String>,
    /// The session at an identity provider from which it follows, if the program has set one.
    pub provider: Option<Provider>,
    /// The network address and the browser from which it is created.
    pub origin: Origin,
    /// Its data.
    pub data: Data,
}

/// A session at an identity provider, in the terms of OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The identity provider (`iss`).
    pub issuer: String,
    /// The id of the person at the provider (`sub`).
    pub subject: String,
    /// The id of the session at the provider (`sid`), if the provider has sent it.
    pub session: Option<String>,
}

/// The network address and the browser from which a session was created (`E3`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The network address.
    pub address: String,
    /// The `User-Agent` of the browser, shortened and without control characters.
    pub browser: String,
}

/// A session that has not been ended. Its time may be over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its key.
    pub key: SessionKey,
    /// The person whose session it is.
    pub person: PersonId,
    /// Its generation.
    pub generation: Generation,
    /// The times of its authentication and of its last activity.
    pub lifetime: Lifetime,
    /// Its timeouts.
    pub limits: SessionLimits,
}

impl Session {
    /// Returns `policy` with the timeouts of this session, if they are shorter.
    pub fn policy(&self, policy: &Policy) -> Policy {
        policy.capped(self.limits.idle, self.limits.absolute)
    }

    /// Returns the time at which the session ends without further activity, and the reason that
    /// will apply.
    pub fn deadline(&self) -> (Instant, EndReason) {
        let SessionLimits { idle, absolute } = self.limits;
        let deadline = self.lifetime.deadline_within(idle, absolute);
        (deadline.at, deadline.limit.into())
    }

    /// Returns the tombstone of the session if it has ended for `reason`.
    pub fn tombstone(&self, reason: EndReason) -> Tombstone {
        Tombstone {
            person: self.person.clone(),
            generation: self.generation,
            reason,
        }
    }
}

/// A live session in a list for its person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSession {
    /// The session.
    pub session: Session,
    /// The network address and the browser from which it was created.
    pub origin: Origin,
    /// The version of the credential with which it was begun, if the program has set one.
    pub credential: Option<String>,
}

/// What a store knows about a session at a certain time.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The time, by the store's clock.
    pub now: Instant,
    /// What the store knows.
    pub presence: Presence,
}

/// What a store knows about a session.
#[derive(Debug, Clone)]
pub enum Presence {
    /// The session has not been ended. Its lifetime and its limits say whether its time is over.
    Found(Session),
    /// The session has ended.
    Ended(Tombstone),
    /// No session has this key, or it ended long ago. A session with this key is never created for
    /// it (`B8`).
    Unknown,
}

/// The record of a session that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The person whose session it was.
    pub person: PersonId,
    /// Its generation.
    pub generation: Generation,
    /// Why it ended.
    pub reason: EndReason,
}

/// The result of [`Store::sweep`](super::Store::sweep).
#[derive(Debug, Clone, Default)]
pub struct Sweep {
    /// The sessions that were ended.
    pub ended: Vec<Expired>,
    /// Whether there may be more sessions to end.
    pub is_more: bool,
}

/// A session that was ended because its time was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// Its key.
    pub key: SessionKey,
    /// The person whose session it was.
    pub person: PersonId,
    /// The reason, which says which timeout has ended it.
    pub reason: EndReason,
    /// The time of its deadline, at which it ended. It may be well before the sweep.
    pub ended_at: Instant,
}
