//! A [`Store`] for sessions of Dwell in the memory of one process: they end with the process.
//!
//! It shows what a store for another engine has to do. What PostgreSQL does in one statement and
//! Redis in one script, this store does while it holds one lock. It uses the public API of `dwell`
//! alone, and its tests hold it to the promises that every store gives.
//!
//! ```
//! use std::sync::Arc;
//!
//! use dwell::{Dwell, Policy, Preset, clock::SystemClock};
//! use store_in_memory::MemoryStore;
//!
//! # fn build() -> Result<Dwell, Box<dyn std::error::Error>> {
//! let store = MemoryStore::new(Arc::new(SystemClock::start()));
//! let dwell = Dwell::builder(Policy::preset(Preset::PciDss))
//!     .store(store)
//!     .sign_in_at("/login")
//!     .build()?;
//! # Ok(dwell)
//! # }
//! ```

#[cfg(test)]
mod conformance;
mod followers;
mod sessions;

use std::{
    cmp::Reverse,
    future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dwell::{
    EndReason, Generation, Instant, Lifetime, PersonId,
    clock::Clock,
    store::{
        Data, Expired, ListedSession, Listener, Lookup, NewSession, SessionKey, SessionLimits,
        Store, StoreError, Sweep, async_trait,
    },
};

use self::{
    followers::Followers,
    sessions::{Entry, Sessions},
};

/// Sessions in the memory of this process. Clones have the same sessions.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    sessions: Arc<Mutex<Sessions>>,
    followers: Followers,
}

impl MemoryStore {
    /// No sessions yet. They live by the time of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            sessions: Arc::default(),
            followers: Followers::default(),
        }
    }

    /// The sessions, which nobody else uses until the guard is dropped, and the time. The clock is
    /// read after the wait for the lock: what was alive before the wait may be over now.
    fn lock(&self) -> (MutexGuard<'_, Sessions>, Instant) {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        (sessions, self.clock.now())
    }
}

/// Every operation holds the lock from its first look at the sessions to its last change, so that
/// nothing comes between. Ends are reported before the lock is released, so that whoever knows of
/// an end finds that every follower knows of it too.
#[async_trait]
impl Store for MemoryStore {
    fn clock(&self) -> Option<Arc<dyn Clock>> {
        Some(Arc::clone(&self.clock))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn now(&self) -> Result<Instant, StoreError> {
        Ok(self.clock.now())
    }

    async fn create(&self, session: NewSession) -> Result<Lifetime, StoreError> {
        let (mut sessions, now) = self.lock();
        sessions.check_is_new(&session)?;
        Ok(sessions.insert(session, now))
    }

    async fn find(&self, key: SessionKey) -> Result<Lookup, StoreError> {
        let (sessions, now) = self.lock();
        let presence = sessions.presence(key);
        Ok(Lookup { now, presence })
    }

    async fn touch(&self, key: SessionKey, at: Instant) -> Result<Lookup, StoreError> {
        let (mut sessions, now) = self.lock();
        if let Some(live) = sessions.live(key, now) {
            live.touch(at, now);
        }
        let presence = sessions.presence(key);
        Ok(Lookup { now, presence })
    }

    async fn touch_all(
        &self,
        touches: &[(SessionKey, Instant)],
    ) -> Result<Vec<(SessionKey, Instant)>, StoreError> {
        let (mut sessions, now) = self.lock();
        let touched = touches.iter().filter_map(|(key, at)| {
            let live = sessions.live(*key, now)?;
            Some((*key, live.touch(*at, now)))
        });
        Ok(touched.collect())
    }

    async fn live_among(&self, keys: &[SessionKey]) -> Result<Vec<SessionKey>, StoreError> {
        let (mut sessions, now) = self.lock();
        let is_live = |key: &SessionKey| sessions.live(*key, now).is_some();
        Ok(keys.iter().copied().filter(is_live).collect())
    }

    async fn rotate(
        &self,
        old: SessionKey,
        session: NewSession,
    ) -> Result<Option<Lifetime>, StoreError> {
        let (mut sessions, now) = self.lock();
        if sessions.live(old, now).is_none() {
            return Ok(None);
        }
        // Whatever can fail comes before the first change.
        sessions.check_is_new(&session)?;
        sessions.end(old, EndReason::Replaced, now);
        self.followers.tell(old);
        Ok(Some(sessions.insert(session, now)))
    }

    async fn end(&self, key: SessionKey, reason: EndReason) -> Result<bool, StoreError> {
        let (mut sessions, now) = self.lock();
        if sessions.live(key, now).is_none() {
            return Ok(false);
        }
        sessions.end(key, reason, now);
        self.followers.tell(key);
        Ok(true)
    }

    async fn end_others(
        &self,
        person: &PersonId,
        keep: SessionKey,
        reason: EndReason,
    ) -> Result<Vec<SessionKey>, StoreError> {
        let (mut sessions, now) = self.lock();
        let live = sessions.live_of(person, now);
        let mut others: Vec<_> = live.into_iter().map(|entry| entry.new.key).collect();
        others.retain(|key| *key != keep);
        for key in &others {
            sessions.end(*key, reason, now);
            self.followers.tell(*key);
        }
        Ok(others)
    }

    async fn list(&self, person: &PersonId) -> Result<Vec<ListedSession>, StoreError> {
        let (sessions, now) = self.lock();
        let mut live = sessions.live_of(person, now);
        live.sort_by_key(|entry| Reverse(entry.lifetime.last_active_at()));
        let listed = live.into_iter().map(|entry| ListedSession {
            session: entry.session(),
            origin: entry.new.origin.clone(),
            credential: entry.new.credential.clone(),
        });
        Ok(listed.collect())
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let (mut sessions, _) = self.lock();
        Ok(sessions.not_ended().count() as u64)
    }

    async fn owner(&self, generation: Generation) -> Result<Option<PersonId>, StoreError> {
        let (sessions, _) = self.lock();
        Ok(sessions.owner(generation))
    }

    async fn expire(&self, key: SessionKey) -> Result<Option<Expired>, StoreError> {
        let (mut sessions, now) = self.lock();
        let expired = sessions.expire(key, now);
        if expired.is_some() {
            self.followers.tell(key);
        }
        Ok(expired)
    }

    async fn sweep(&self, limit: u32) -> Result<Sweep, StoreError> {
        let (mut sessions, now) = self.lock();
        let is_over = |entry: &&mut Entry| entry.session().deadline().0 <= now;
        let over = sessions.not_ended().filter(is_over).take(limit as usize);
        let over: Vec<_> = over.map(|entry| entry.new.key).collect();
        let mut ended = Vec::new();
        for key in over {
            ended.extend(sessions.expire(key, now));
            self.followers.tell(key);
        }
        let is_more = ended.len() == limit as usize;
        Ok(Sweep { ended, is_more })
    }

    async fn tighten(&self, limits: SessionLimits, limit: u32) -> Result<u64, StoreError> {
        let (mut sessions, _) = self.lock();
        let shorter = |old: SessionLimits| SessionLimits {
            idle: old.idle.min(limits.idle),
            absolute: old.absolute.min(limits.absolute),
        };
        let is_longer = |entry: &&mut Entry| entry.new.limits != shorter(entry.new.limits);
        let longer = sessions.not_ended().filter(is_longer).take(limit as usize);
        let tightened = longer.map(|entry| entry.new.limits = shorter(entry.new.limits));
        Ok(tightened.count() as u64)
    }

    async fn forget(&self, limit: u32) -> Result<u64, StoreError> {
        let (mut sessions, now) = self.lock();
        Ok(sessions.forget(now, limit as usize) as u64)
    }

    async fn keep_time(&self, limit: u32) -> Result<u64, StoreError> {
        let (mut sessions, now) = self.lock();
        let is_ahead = |entry: &&mut Entry| entry.lifetime != entry.lifetime.as_of(now);
        let ahead = sessions.not_ended().filter(is_ahead).take(limit as usize);
        let set = ahead.map(|entry| entry.lifetime = entry.lifetime.as_of(now));
        Ok(set.count() as u64)
    }

    async fn data(&self, key: SessionKey) -> Result<Option<(Data, Instant)>, StoreError> {
        let (mut sessions, now) = self.lock();
        let live = sessions.live(key, now);
        Ok(live.map(|live| (live.new.data.clone(), live.session().deadline().0)))
    }

    async fn set_data(&self, key: SessionKey, data: &Data) -> Result<bool, StoreError> {
        let (mut sessions, now) = self.lock();
        let live = sessions.live(key, now);
        Ok(live.map(|live| live.new.data.clone_from(data)).is_some())
    }

    async fn follow(&self, listener: Arc<dyn Listener>) -> StoreError {
        let _following = self.followers.add(listener);
        future::pending().await
    }
}
