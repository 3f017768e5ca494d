//! Ends that the disk has no room for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dwell_session::EndReason;

use crate::store::{Presence, SessionKey, Sighting};

/// The sessions that have ended and that are still live in an embedded database, since nothing can
/// be written into it. They are refused all the same. Nobody knows of these ends once the process
/// is gone.
#[derive(Debug, Clone, Default)]
pub(super) struct OwedEnds(Arc<Mutex<HashMap<SessionKey, EndReason>>>);

impl OwedEnds {
    pub fn owe(&self, key: SessionKey, reason: EndReason) {
        self.lock().insert(key, reason);
    }

    pub fn has(&self, key: SessionKey) -> bool {
        self.lock().contains_key(&key)
    }

    /// The database knows of the end. Tells whether it was owed.
    pub fn settle(&self, key: SessionKey) -> bool {
        self.lock().remove(&key).is_some()
    }

    /// Up to `most` of them.
    pub fn some(&self, most: u32) -> Vec<(SessionKey, EndReason)> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let owed = self.lock();
        owed.iter()
            .take(most)
            .map(|(key, reason)| (*key, *reason))
            .collect()
    }

    /// What the database has told of the session with this key, as it is by now.
    pub fn correct(&self, key: SessionKey, sighting: Sighting) -> Sighting {
        match (sighting.presence, self.lock().get(&key)) {
            (Presence::Found(session), Some(reason)) => Sighting {
                presence: Presence::Ended(session.entombed(*reason)),
                ..sighting
            },
            (presence, _) => Sighting {
                presence,
                ..sighting
            },
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionKey, EndReason>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
