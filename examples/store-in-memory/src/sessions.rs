//! The sessions, and how they are found.

use std::collections::{BTreeSet, HashMap};

use dwell::{
    EndReason, Generation, Instant, Lifetime, PersonId,
    store::{
        Data, Expired, NewSession, Origin, Presence, Session, SessionKey, StoreError,
        TOMBSTONE_RETENTION,
    },
};

/// All sessions. Where an engine has an index over the deadlines and the ends, all sessions are
/// looked through here.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_key: HashMap<SessionKey, Entry>,
    by_generation: HashMap<Generation, SessionKey>,
    /// Without the sessions that have ended.
    by_person: HashMap<PersonId, BTreeSet<SessionKey>>,
}

/// A session, or what is left of it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// What the session was created with, except for what is replaced or wiped later.
    pub(crate) new: NewSession,
    pub(crate) lifetime: Lifetime,
    /// When it ended and why, once that is written down.
    end: Option<(Instant, EndReason)>,
}

impl Entry {
    pub(crate) fn session(&self) -> Session {
        Session {
            key: self.new.key,
            person: self.new.person.clone(),
            generation: self.new.generation,
            lifetime: self.lifetime,
            limits: self.new.limits,
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Nothing has ended it, and its deadline is later than now.
    fn is_live(&self, now: Instant) -> bool {
        !self.has_ended() && self.session().deadline().0 > now
    }

    /// Moves the last activity forward, and returns it.
    pub(crate) fn touch(&mut self, at: Instant, now: Instant) -> Instant {
        let last_active_at = self.lifetime.last_active_at().max(at.min(now));
        self.lifetime = Lifetime::stored(self.lifetime.authenticated_at(), last_active_at);
        last_active_at
    }
}

impl Sessions {
    /// Fails where the key or the generation is taken, also by a session that has ended.
    pub(crate) fn check_is_new(&self, new: &NewSession) -> Result<(), StoreError> {
        let is_taken =
            self.by_key.contains_key(&new.key) || self.by_generation.contains_key(&new.generation);
        match is_taken {
            true => Err(StoreError::new("there is such a session already")),
            false => Ok(()),
        }
    }

    /// Adds a session that begins now.
    pub(crate) fn insert(&mut self, new: NewSession, now: Instant) -> Lifetime {
        let lifetime = Lifetime::stored(now - new.authenticated_ago, now);
        self.by_generation.insert(new.generation, new.key);
        let of_person = self.by_person.entry(new.person.clone()).or_default();
        of_person.insert(new.key);
        let entry = Entry {
            new,
            lifetime,
            end: None,
        };
        self.by_key.insert(entry.new.key, entry);
        lifetime
    }

    pub(crate) fn presence(&self, key: SessionKey) -> Presence {
        match self.by_key.get(&key) {
            None => Presence::Unknown,
            Some(entry) => match entry.end {
                None => Presence::Found(entry.session()),
                Some((_, reason)) => Presence::Ended(entry.session().tombstone(reason)),
            },
        }
    }

    /// The session, if it is live.
    pub(crate) fn live(&mut self, key: SessionKey, now: Instant) -> Option<&mut Entry> {
        let entry = self.by_key.get_mut(&key)?;
        entry.is_live(now).then_some(entry)
    }

    pub(crate) fn live_of(&self, person: &PersonId, now: Instant) -> Vec<&Entry> {
        let keys = self.by_person.get(person).into_iter().flatten();
        let entries = keys.filter_map(|key| self.by_key.get(key));
        entries.filter(|entry| entry.is_live(now)).collect()
    }

    /// The sessions that nothing has ended, except perhaps time.
    pub(crate) fn not_ended(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.by_key.values_mut().filter(|entry| !entry.has_ended())
    }

    pub(crate) fn owner(&self, generation: Generation) -> Option<PersonId> {
        let key = self.by_generation.get(&generation)?;
        Some(self.by_key.get(key)?.new.person.clone())
    }

    /// Ends a session and wipes what is known of the person.
    pub(crate) fn end(&mut self, key: SessionKey, reason: EndReason, at: Instant) {
        let Some(entry) = self.by_key.get_mut(&key) else {
            return;
        };
        entry.end = Some((at, reason));
        entry.new.data = Data::new();
        entry.new.origin = Origin::default();
        entry.new.credential = None;
        entry.new.provider = None;
        let person = &entry.new.person;
        if let Some(keys) = self.by_person.get_mut(person) {
            keys.remove(&key);
            if keys.is_empty() {
                self.by_person.remove(person);
            }
        }
    }

    /// Ends a session whose time is over, at its deadline.
    pub(crate) fn expire(&mut self, key: SessionKey, now: Instant) -> Option<Expired> {
        let entry = self.by_key.get(&key)?;
        let (ended_at, reason) = entry.session().deadline();
        if entry.has_ended() || ended_at > now {
            return None;
        }
        let person = entry.new.person.clone();
        self.end(key, reason, ended_at);
        Some(Expired {
            key,
            person,
            reason,
            ended_at,
        })
    }

    /// Deletes up to `limit` tombstones that are old enough. Returns how many.
    pub(crate) fn forget(&mut self, now: Instant, limit: usize) -> usize {
        let oldest = now - TOMBSTONE_RETENTION;
        let is_old = |entry: &&Entry| entry.end.is_some_and(|(ended_at, _)| ended_at < oldest);
        let old = self.by_key.values().filter(is_old).take(limit);
        let old: Vec<_> = old
            .map(|entry| (entry.new.key, entry.new.generation))
            .collect();
        for (key, generation) in &old {
            self.by_key.remove(key);
            self.by_generation.remove(generation);
        }
        old.len()
    }

    #[cfg(test)]
    pub(crate) fn all(&self) -> &HashMap<SessionKey, Entry> {
        &self.by_key
    }
}
