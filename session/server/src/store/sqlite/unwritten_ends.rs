//! Ends of sessions that could not be written, because the disk was full.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dwell_session::EndReason;

use crate::store::{Presence, SessionKey};

/// The sessions that have ended but are still live in the database, because nothing can be written.
/// They are treated as ended. These ends are lost if the process stops before they are written.
#[derive(Debug, Clone, Default)]
pub(super) struct UnwrittenEnds(Arc<Mutex<HashMap<SessionKey, EndReason>>>);

impl UnwrittenEnds {
    /// Records an end that could not be written.
    pub fn add(&self, key: SessionKey, reason: EndReason) {
        self.lock().insert(key, reason);
    }

    pub fn contains(&self, key: SessionKey) -> bool {
        self.lock().contains_key(&key)
    }

    /// Records that the end has been written. Returns whether it was missing before.
    pub fn remove(&self, key: SessionKey) -> bool {
        self.lock().remove(&key).is_some()
    }

    /// Returns up to `limit` of the ends.
    pub fn first(&self, limit: u32) -> Vec<(SessionKey, EndReason)> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let ends = self.lock();
        ends.iter()
            .take(limit)
            .map(|(key, reason)| (*key, *reason))
            .collect()
    }

    /// Corrects what the database says about the session with this key.
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
