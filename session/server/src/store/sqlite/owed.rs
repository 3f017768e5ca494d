//! Ends that the disk has no room for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dwell_session::EndReason;

use crate::store::{Presence, SessionKey};

/// The sessions that have ended and that are still live in the database, since nothing can be
/// written into it. They are refused all the same. Nobody knows of these ends once the process is
/// gone.
#[derive(Debug, Clone, Default)]
pub(super) struct OwedEnds(Arc<Mutex<HashMap<SessionKey, EndReason>>>);

impl OwedEnds {
    /// The database has no room for this end.
    pub fn add(&self, key: SessionKey, reason: EndReason) {
        self.lock().insert(key, reason);
    }

    pub fn contains(&self, key: SessionKey) -> bool {
        self.lock().contains_key(&key)
    }

    /// The database knows of the end. Returns whether it was owed.
    pub fn remove(&self, key: SessionKey) -> bool {
        self.lock().remove(&key).is_some()
    }

    /// Up to `limit` of them.
    pub fn first(&self, limit: u32) -> Vec<(SessionKey, EndReason)> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let owed = self.lock();
        owed.iter()
            .take(limit)
            .map(|(key, reason)| (*key, *reason))
            .collect()
    }

    /// What the database has told of the session with this key, as it is by now.
    pub fn correct(&self, key: SessionKey, presence: Presence) -> Presence {
        match (presence, self.lock().get(&key)) {
            (Presence::Found(session), Some(reason)) => Presence::Ended(session.tombstone(*reason)),
            (presence, _) => presence,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionKey, EndReason>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
