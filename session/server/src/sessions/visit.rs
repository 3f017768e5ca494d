//! What is known of the session that a request comes with.

use dwell_session::{ActiveStatus, Instant, Policy};

use crate::store::{Session, Tombstone};

/// What is known of the session that a request comes with.
#[derive(Debug, Clone)]
pub enum Visit {
    /// It is live.
    Live(LiveSession),
    /// It has ended.
    Ended(Tombstone),
    /// It is live, and the request comes from a page of another session, so it belongs to neither.
    OtherPage,
    /// There is none.
    Anonymous,
}

/// A session that is live at an instant.
#[derive(Debug, Clone)]
pub struct LiveSession {
    /// The session, with touches that are yet to be written.
    pub session: Session,
    /// The instant, on the store's clock.
    pub now: Instant,
    /// The last activity in the store.
    pub(super) stored_last_active_at: Instant,
}

impl LiveSession {
    /// The session as the store has it at `now`.
    pub(super) fn stored(session: Session, now: Instant) -> Self {
        Self {
            stored_last_active_at: session.lifetime.last_active_at(),
            session,
            now,
        }
    }

    /// What the browser is told, under `policy` and the session's own limits.
    pub fn status(&self, policy: &Policy) -> ActiveStatus {
        let Session {
            lifetime,
            generation,
            ..
        } = &self.session;
        let policy = self.session.policy(policy);
        lifetime.remaining(&policy, *generation, self.now)
    }
}
