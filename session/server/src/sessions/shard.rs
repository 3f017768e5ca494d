//! One part of the sessions that a node knows, under one lock.

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

/// Everything that a request changes. What most requests change comes first, next to the lock, so
/// that it is in the cache line that taking the lock loads.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Shard {
    entries: FxHashMap<SessionKey, Entry>,
    tally: Tally,
    /// How often something has ended here. An answer that was asked for before the last end may be
    /// out of date, and is not entered.
    ends: u64,
    pending: PendingTouches,
    policy: Policy,
    /// The sessions that have been served since this was last taken, each once.
    served: Vec<SessionKey>,
}

#[derive(Debug)]
struct Entry {
    person: PersonId,
    generation: Generation,
    lifetime: Lifetime,
    limits: SessionLimits,
    stored_last_active_at: Instant,
    /// Whether a touch is pending. The pending one may be earlier than the one known here.
    is_pending: bool,
    /// Whether it is in the list of those that have been served.
    is_served: bool,
    /// The latest instant, on the node's clock, at which the store was asked and then answered that
    /// the session lives.
    confirmed_at: Instant,
}

/// What a look into the index goes by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// The time on the store's clock.
    pub now: Instant,
    /// The store must have confirmed the session after this instant on the node's clock. None where
    /// the store reports every end at once.
    pub confirmed_after: Option<Instant>,
}

/// What has been counted since it was last asked for.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    /// How often a session was found.
    pub hits: u64,
    /// How many touches were deferred.
    pub deferred: u64,
}

/// Drawn before the store is asked, so that it is known afterwards whether something has ended since.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    ends: u64,
    /// On the node's clock.
    asked_at: Instant,
}

impl Shard {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            entries: FxHashMap::default(),
            tally: Tally::default(),
            ends: 0,
            pending: PendingTouches::new(policy),
            policy,
            served: Vec::new(),
        }
    }

    /// The session with this key, if it is known and lives.
    pub(super) fn look_up(
        &mut self,
        policy: &Policy,
        key: SessionKey,
        terms: Terms,
    ) -> Option<LiveSession> {
        let live = self.find(policy, key, terms)?;
        self.tally.hits += 1;
        Some(live)
    }

    /// As [`look_up`](Self::look_up), and its user does something now. None where that has to be
    /// written at once.
    pub(super) fn touch(
        &mut self,
        policy: &Policy,
        key: SessionKey,
        terms: Terms,
    ) -> Option<LiveSession> {
        let mut live = self.find(policy, key, terms)?;
        live.session.lifetime = self.defer(policy, &live, terms.now)?.ok()?;
        self.tally.hits += 1;
        Some(live)
    }

    fn find(&mut self, policy: &Policy, key: SessionKey, terms: Terms) -> Option<LiveSession> {
        let Terms {
            now,
            confirmed_after,
        } = terms;
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

    /// Moves the last activity of `live` to `at` and defers the write, or returns why the session has
    /// ended. None where it has to be written at once.
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
                    entry.see(lifetime);
                    mem::replace(&mut entry.is_pending, true)
                });
                if !is_pending {
                    self.pending.defer(session.key, touch);
                }
                self.tally.deferred += 1;
                Some(Ok(lifetime))
            }
        }
    }

    pub(super) fn ticket(&self, asked_at: Instant) -> Ticket {
        let ends = self.ends;
        Ticket { ends, asked_at }
    }

    /// Enters what the store has answered, if nothing has ended since `ticket` was drawn.
    pub(super) fn learn(&mut self, ticket: Ticket, live: &LiveSession) {
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
        entry.see(session.lifetime);
        entry.see_stored(live.stored_last_active_at);
        entry.confirm(ticket.asked_at);
    }

    /// The store, which was asked at `asked_at`, has said that the session lives.
    pub(super) fn confirm(&mut self, key: SessionKey, asked_at: Instant) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.confirm(asked_at);
        }
    }

    /// The last touch of the session that is yet to be written.
    pub(super) fn pending(&mut self, key: SessionKey) -> Option<Instant> {
        self.bring_up_to_date(key);
        self.pending.get(key)
    }

    /// The touches that are due to be written by `now`, and at most `limit` of them.
    pub(super) fn due(&mut self, now: Instant, limit: usize) -> Vec<(SessionKey, Instant)> {
        let due = self.pending.due(now, limit).into_iter();
        due.filter_map(|key| Some((key, self.pending(key)?)))
            .collect()
    }

    /// A touch at `at` has been written. The last activity in the store is `stored_at`, which may be
    /// another node's, or earlier than `at` where that was ahead of the store's clock.
    pub(super) fn written(&mut self, key: SessionKey, at: Instant, stored_at: Instant) {
        self.bring_up_to_date(key);
        self.pending.written(key, at);
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.see_stored(at.min(stored_at));
        }
    }

    /// Makes the pending touch of the session as late as its entry says.
    fn bring_up_to_date(&mut self, key: SessionKey) {
        if let Some(entry) = self.entries.get_mut(&key)
            && mem::take(&mut entry.is_pending)
        {
            self.pending.defer(key, entry.deferred(&self.policy));
        }
    }

    /// Forgets a session that does not live, or may not live any more: the store is to be asked.
    pub(super) fn evict(&mut self, key: SessionKey) {
        self.entries.remove(&key);
        self.pending.forget(key);
        self.ends += 1;
    }

    /// Forgets every session, since any may have ended. Pending touches are still to be written.
    pub(super) fn forget(&mut self) {
        for (key, entry) in self.entries.drain().filter(|(_, entry)| entry.is_pending) {
            self.pending.defer(key, entry.deferred(&self.policy));
        }
        self.ends += 1;
    }

    /// The sessions that have been served since this was last called, except those that have left the
    /// index since.
    pub(super) fn take_served(&mut self) -> Vec<SessionKey> {
        let mut served = mem::take(&mut self.served);
        served.retain(|key| {
            let entry = self.entries.get_mut(key);
            entry.is_some_and(|entry| mem::take(&mut entry.is_served))
        });
        served
    }

    pub(super) fn take_tally(&mut self) -> Tally {
        mem::take(&mut self.tally)
    }
}

impl Entry {
    fn see(&mut self, lifetime: Lifetime) {
        if lifetime.last_active_at() > self.lifetime.last_active_at() {
            self.lifetime = lifetime;
        }
    }

    /// The last activity, which is yet to be written.
    fn deferred(&self, policy: &Policy) -> DeferredTouch {
        policy.deferred(self.lifetime.last_active_at(), self.stored_last_active_at)
    }

    fn see_stored(&mut self, at: Instant) {
        self.stored_last_active_at = self.stored_last_active_at.max(at);
    }

    fn confirm(&mut self, asked_at: Instant) {
        self.confirmed_at = self.confirmed_at.max(asked_at);
    }
}
