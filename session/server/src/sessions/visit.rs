//! What is known about the session of a request.

use dwell_session::{ActiveStatus, Instant, Policy};

use crate::store::{Session, Tombstone};

/// What is known about the session of a request.
#[derive(Debug, Clone)]
pub enum Visit {
    /// The session is live.
    Live(LiveSession),
    /// The session has ended.
    Ended(Tombstone),
    /// The session of the browser is live, but the request comes from a page of another session, so
    /// it belongs to neither of them.
    OtherPage,
    /// The request has no session: it has no session cookie, or the cookie names no session that is
    /// known.
    Anonymous,
}

/// A session that is live at a certain time.
#[derive(Debug, Clone)]
pub struct LiveSession {
    /// The session, including touches that have not been written yet.
    pub session: Session,
    /// The time at which it is live, by the store's clock.
    pub now: Instant,
    /// The last activity that has been written to the store.
    pub(super) stored_last_active_at: Instant,
}

impl LiveSession {
    /// A session as it is in the store at `now`.
    pub(super) fn stored(session: Session, now: Instant) -> Self {
        Self {
            stored_last_active_at: session.lifetime.last_active_at(),
            session,
            now,
        }
    }

    /// The status for the browser, under `policy` and the session's own limits.
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
