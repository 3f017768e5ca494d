//! One part of the index, under one lock.

use std::mem;

use dwell_session::{
    DeferredTouch, EndReason, Generation, Instant, Lifetime, Policy, TouchDecision,
};
use rustc_hash::FxHashMap;

use super::{LiveSession, pending::PendingTouches};
use crate::{
    PersonId,
    store::{Session, SessionKey, SessionLimits},
};

/// Everything that a request changes. The fields that most requests change come first, next to the
/// lock, so that they are in the same cache line as the lock.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Shard {
    entries: FxHashMap<SessionKey, Entry>,
    counters: Counters,
    /// How many sessions of this shard have ended. If it has changed since the store was asked, the
    /// answer may be out of date and is not inserted.
    ends: u64,
    pending: PendingTouches,
    policy: Policy,
    /// The sessions that have been served since the list was last taken. Each occurs once.
    served: Vec<SessionKey>,
}

#[derive(Debug)]
struct Entry {
    person: PersonId,
    generation: Generation,
    lifetime: Lifetime,
    limits: SessionLimits,
    stored_last_active_at: Instant,
    /// Whether a touch is pending. The time of the pending touch may be older than the one in this
    /// entry.
    is_pending: bool,
    /// Whether the session is in the list of served sessions.
    is_served: bool,
    /// The latest instant, by the node's clock, at which the store was asked and then confirmed
    /// that the session is live.
    confirmed_at: Instant,
}

/// The conditions under which the index may answer without asking the store.
#[derive(Debug, Clone, Copy)]
pub(super) struct LookupConditions {
    /// The time by the store's clock.
    pub now: Instant,
    /// The store must have confirmed the session after this instant, by the node's clock. `None` if
    /// the store reports every end at once.
    pub confirmed_after: Option<Instant>,
}

/// What has been counted since the counters were last taken.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counters {
    /// How many requests have found their session.
    pub hits: u64,
    /// How many touches were deferred.
    pub deferred: u64,
}

/// Issued before the store is asked, so that it can be checked afterwards whether a session has
/// ended since then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    ends: u64,
    /// When the store was asked, by the node's clock.
    asked_at: Instant,
}

impl Shard {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            entries: FxHashMap::default(),
            counters: Counters::default(),
            ends: 0,
            pending: PendingTouches::new(policy),
            policy,
            served: Vec::new(),
        }
    }

    /// Returns the session with this key, if the index knows that it is live.
    pub(super) fn look_up(
        &mut self,
        policy: &Policy,
        key: SessionKey,
        conditions: LookupConditions,
    ) -> Option<LiveSession> {
        let live = self.find(policy, key, conditions)?;
        self.counters.hits += 1;
        Some(live)
    }

    /// Returns the session like [`look_up`](Self::look_up), and touches it now. Returns `None` if
    /// the touch has to be written at once.
    pub(super) fn touch(
        &mut self,
        policy: &Policy,
        key: SessionKey,
        conditions: LookupConditions,
    ) -> Option<LiveSession> {
        let mut live = self.find(policy, key, conditions)?;
        live.session.lifetime = self.defer(policy, &live, conditions.now)?.ok()?;
        self.counters.hits += 1;
        Some(live)
    }

    fn find(
        &mut self,
        policy: &Policy,
        key: SessionKey,
        conditions: LookupConditions,
    ) -> Option<LiveSession> {
        let LookupConditions {
            now,
            confirmed_after,
        } = conditions;
        let entry = self.entries.get_mut(&key)?;
        let limits = entry.limits;
        let policy = policy.capped(limits.idle, limits.absolute);
        if entry.lifetime.ended(&policy, now).is_some() {
            return None;
        }
        if let Some(confirmed_after) = confirmed_after {
            if entry.confirmed_at <= confirmed_after {
                return None;
            }
            if !mem::replace(&mut entry.is_served, true) {
                self.served.push(key);
            }
        }
        Some(LiveSession {
            session: Session {
                key,
                person: entry.person.clone(),
                generation: entry.generation,
                lifetime: entry.lifetime,
                limits: entry.limits,
            },
            now,
            stored_last_active_at: entry.stored_last_active_at,
        })
    }

    /// Moves the last activity of `live` to `at` and defers the write, or returns why the session
    /// has ended. Returns `None` if the touch has to be written at once.
    pub(super) fn defer(
        &mut self,
        policy: &Policy,
        live: &LiveSession,
        at: Instant,
    ) -> Option<Result<Lifetime, EndReason>> {
        let session = &live.session;
        let policy = session.policy(policy);
        let stored_at = live.stored_last_active_at;
        match policy.coalesce(&session.lifetime, stored_at, at, live.now) {
            TouchDecision::WriteThrough => None,
            TouchDecision::Ended(reason) => Some(Err(reason)),
            TouchDecision::Unchanged(lifetime) => Some(Ok(lifetime)),
            TouchDecision::Defer { lifetime, touch } => {
                let entry = self.entries.get_mut(&session.key);
                let is_pending = entry.is_some_and(|entry| {
                    entry.advance_last_active(lifetime);
                    mem::replace(&mut entry.is_pending, true)
                });
                if !is_pending {
                    self.pending.defer(session.key, touch);
                }
                self.counters.deferred += 1;
                Some(Ok(lifetime))
            }
        }
    }

    pub(super) fn ticket(&self, asked_at: Instant) -> Ticket {
        let ends = self.ends;
        Ticket { ends, asked_at }
    }

    /// Inserts what the store has answered, if no session has ended since `ticket` was issued.
    pub(super) fn insert(&mut self, ticket: Ticket, live: &LiveSession) {
        if self.ends != ticket.ends {
            return;
        }
        let session = &live.session;
        let entry = self.entries.entry(session.key).or_insert(Entry {
            person: session.person.clone(),
            generation: session.generation,
            lifetime: session.lifetime,
            limits: session.limits,
            stored_last_active_at: live.stored_last_active_at,
            is_pending: false,
            is_served: false,
            confirmed_at: ticket.asked_at,
        });
        entry.advance_last_active(session.lifetime);
        entry.advance_stored(live.stored_last_active_at);
        entry.confirm(ticket.asked_at);
    }

    /// Records that the store was asked at `asked_at` and has said that the session is live.
    pub(super) fn confirm(&mut self, key: SessionKey, asked_at: Instant) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.confirm(asked_at);
        }
    }

    /// The last touch of the session, if it has not been written yet.
    pub(super) fn pending(&mut self, key: SessionKey) -> Option<Instant> {
        self.update_pending(key);
        self.pending.get(key)
    }

    /// The touches that are due to be written by `now`, but at most `limit` of them.
    pub(super) fn due(&mut self, now: Instant, limit: usize) -> Vec<(SessionKey, Instant)> {
        let due = self.pending.due(now, limit).into_iter();
        due.filter_map(|key| Some((key, self.pending(key)?)))
            .collect()
    }

    /// Records that a touch at `at` has been written. The last activity in the store is
    /// `stored_at`. It may come from another node, or may be earlier than `at` if `at` was ahead of
    /// the store's clock.
    pub(super) fn written(&mut self, key: SessionKey, at: Instant, stored_at: Instant) {
        self.update_pending(key);
        self.pending.written(key, at);
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.advance_stored(at.min(stored_at));
        }
    }

    /// Updates the pending touch of the session to the time in its entry.
    fn update_pending(&mut self, key: SessionKey) {
        if let Some(entry) = self.entries.get_mut(&key)
            && mem::take(&mut entry.is_pending)
        {
            self.pending.defer(key, entry.deferred(&self.policy));
        }
    }

    /// Forgets a session that is not live, or may not be live any more, so that the store is asked
    /// about it.
    pub(super) fn evict(&mut self, key: SessionKey) {
        self.entries.remove(&key);
        self.pending.forget(key);
        self.ends += 1;
    }

    /// Forgets all sessions, because any of them may have ended. Pending touches are still written.
    pub(super) fn clear(&mut self) {
        for (key, entry) in self.entries.drain().filter(|(_, entry)| entry.is_pending) {
            self.pending.defer(key, entry.deferred(&self.policy));
        }
        self.ends += 1;
    }

    /// Returns the sessions that have been served since this was last called, except those that
    /// have left the index since then.
    pub(super) fn take_served(&mut self) -> Vec<SessionKey> {
        let mut served = mem::take(&mut self.served);
        served.retain(|key| {
            let entry = self.entries.get_mut(key);
            entry.is_some_and(|entry| mem::take(&mut entry.is_served))
        });
        served
    }

    pub(super) fn take_counters(&mut self) -> Counters {
        mem::take(&mut self.counters)
    }
}

impl Entry {
    fn advance_last_active(&mut self, lifetime: Lifetime) {
        if lifetime.last_active_at() > self.lifetime.last_active_at() {
            self.lifetime = lifetime;
        }
    }

    /// The last activity as a touch that has not been written yet.
    fn deferred(&self, policy: &Policy) -> DeferredTouch {
        policy.deferred(self.lifetime.last_active_at(), self.stored_last_active_at)
    }

    fn advance_stored(&mut self, at: Instant) {
        self.stored_last_active_at = self.stored_last_active_at.max(at);
    }

    fn confirm(&mut self, asked_at: Instant) {
        self.confirmed_at = self.confirmed_at.max(asked_at);
    }
}
