//! What a request is told of the session that it comes with.

use dwell_session::{ActiveStatus, Instant, Policy};

use crate::store::{Session, SessionId, Tombstone};

/// What is known of the session that a request comes with.
#[derive(Debug, Clone)]
pub enum Visit {
    /// It lives.
    Live(LiveSession),
    /// It has ended.
    Ended(Tombstone),
    /// There is none.
    Anonymous,
}

/// A session that is live at an instant.
#[derive(Debug, Clone, Copy)]
pub struct LiveSession {
    /// The session, with touches that are yet to be written.
    pub session: Session,
    /// The instant, on the store's clock.
    pub now: Instant,
    /// The last activity that the store knows of.
    pub(super) stored_last_active_at: Instant,
}

/// A session that has just begun.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    /// Its id, for the cookie.
    pub id: SessionId,
    /// What the browser is told.
    pub told: ActiveStatus,
}

impl LiveSession {
    /// What the browser is told.
    pub fn told(&self, policy: &Policy) -> ActiveStatus {
        let Session {
            lifetime,
            generation,
            ..
        } = &self.session;
        lifetime.remaining(policy, *generation, self.now)
    }
}
