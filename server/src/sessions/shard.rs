//! One part of the sessions that a node knows, under one lock.

use std::{mem, time::Duration};

use dwell_session::{EndReason, Generation, Instant, Lifetime, Policy};
use rustc_hash::FxHashMap;

use super::{LiveSession, pending::PendingTouches};
use crate::{
    account_id::AccountId,
    store::{Session, SessionKey},
};

/// All that a request changes is in here. What most requests change stands first, beside the lock,
/// so that a processor that takes the lock has that in the same cache line.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Shard {
    entries: FxHashMap<SessionKey, Entry>,
    tally: Tally,
    /// How often something has ended here: what was asked before is not to be learnt after.
    ends: u64,
    pending: PendingTouches,
    /// What has been served since this was last taken, each once.
    served: Vec<SessionKey>,
}

#[derive(Debug)]
struct Entry {
    account: AccountId,
    generation: Generation,
    lifetime: Lifetime,
    stored_last_active_at: Instant,
    /// Whether a touch is pending, which may be an earlier one than this knows.
    is_pending: bool,
    /// Whether it is among those that have been served.
    is_served: bool,
    /// The latest instant, on the node's clock, at which the store was asked that has then said that
    /// the session lives.
    confirmed_at: Instant,
}

/// When a session is looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glance {
    /// The time on the store's clock.
    pub now: Instant,
    /// Later than this, on the node's clock, the store must have been asked about the session.
    /// Nothing where it says by itself that any may have ended.
    pub confirmed_after: Option<Instant>,
}

/// What has been counted since it was last asked for.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    /// How often a session was known.
    pub known: u64,
    /// How many touches were kept back.
    pub kept_back: u64,
}

/// Taken before the store is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    ends: u64,
    /// On the node's clock.
    asked_at: Instant,
}

impl Shard {
    pub(super) fn new(write_after: Duration) -> Self {
        Self {
            entries: FxHashMap::default(),
            tally: Tally::default(),
            ends: 0,
            pending: PendingTouches::new(write_after),
            served: Vec::new(),
        }
    }

    /// The session with this key, if it is known and lives.
    pub(super) fn look_up(
        &mut self,
        policy: &Policy,
        key: SessionKey,
        glance: Glance,
    ) -> Option<LiveSession> {
        let live = self.find(policy, key, glance)?;
        self.tally.known += 1;
        Some(live)
    }

    /// As [`look_up`](Self::look_up), and its user does something now. Nothing, if the store has to
    /// be told at once.
    pub(super) fn touch(
        &mut self,
        policy: &Policy,
        key: SessionKey,
        glance: Glance,
    ) -> Option<LiveSession> {
        let mut live = self.find(policy, key, glance)?;
        live.session.lifetime = self.keep_back(policy, &live, glance.now)?.ok()?;
        self.tally.known += 1;
        Some(live)
    }

    fn find(&mut self, policy: &Policy, key: SessionKey, glance: Glance) -> Option<LiveSession> {
        let Glance {
            now,
            confirmed_after,
        } = glance;
        let entry = self.entries.get_mut(&key)?;
        if entry.lifetime.ended(policy, now).is_some() {
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
                account: entry.account,
                generation: entry.generation,
                lifetime: entry.lifetime,
            },
            now,
            stored_last_active_at: entry.stored_last_active_at,
        })
    }

    /// Moves the last activity of `live` to `at`, or tells why it has ended. Nothing, if the store
    /// has to be told at once.
    pub(super) fn keep_back(
        &mut self,
        policy: &Policy,
        live: &LiveSession,
        at: Instant,
    ) -> Option<Result<Lifetime, EndReason>> {
        let (before, stored_at) = (live.session.lifetime, live.stored_last_active_at);
        if !policy.may_keep_back(stored_at, live.now) {
            return None;
        }
        let lifetime = match before.touched(policy, at, live.now) {
            Ok(lifetime) => lifetime,
            Err(reason) => return Some(Err(reason)),
        };
        let at = lifetime.last_active_at();
        if at > stored_at && lifetime != before {
            let key = live.session.key;
            let entry = self.entries.get_mut(&key);
            let is_pending = entry.is_some_and(|entry| {
                entry.see(lifetime);
                mem::replace(&mut entry.is_pending, true)
            });
            if !is_pending {
                self.pending.keep(key, at, stored_at);
            }
            self.tally.kept_back += 1;
        }
        Some(Ok(lifetime))
    }

    pub(super) fn ticket(&self, asked_at: Instant) -> Ticket {
        let ends = self.ends;
        Ticket { ends, asked_at }
    }

    /// Learns what the store has answered, if nothing has ended since `ticket` was taken.
    pub(super) fn learn(&mut self, ticket: Ticket, live: &LiveSession) {
        if self.ends != ticket.ends {
            return;
        }
        let session = &live.session;
        let entry = self.entries.entry(session.key).or_insert(Entry {
            account: session.account,
            generation: session.generation,
            lifetime: session.lifetime,
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

    /// The touches that are due to be written by `now`, and at most `most` of them.
    pub(super) fn due(&mut self, now: Instant, most: usize) -> Vec<(SessionKey, Instant)> {
        let due = self.pending.due(now, most).into_iter();
        due.filter_map(|key| Some((key, self.pending(key)?)))
            .collect()
    }

    /// A touch at `at` has been written: the store's last is now from `stored_at`, which may be
    /// another's, or earlier than `at` where that was ahead of the store's clock.
    pub(super) fn written(&mut self, key: SessionKey, at: Instant, stored_at: Instant) {
        self.bring_up_to_date(key);
        self.pending.written(key, at);
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.see_stored(at.min(stored_at));
        }
    }

    /// What is pending of the session gets to know what only its entry knows.
    fn bring_up_to_date(&mut self, key: SessionKey) {
        if let Some(entry) = self.entries.get_mut(&key)
            && mem::take(&mut entry.is_pending)
        {
            let (at, stored_at) = (entry.lifetime.last_active_at(), entry.stored_last_active_at);
            self.pending.keep(key, at, stored_at);
        }
    }

    /// The session does not live, or may not any more: the store is to be asked.
    pub(super) fn evict(&mut self, key: SessionKey) {
        self.entries.remove(&key);
        self.pending.forget(key);
        self.ends += 1;
    }

    /// Any session may have ended. Touches are still to be written.
    pub(super) fn forget(&mut self) {
        for (key, entry) in self.entries.drain().filter(|(_, entry)| entry.is_pending) {
            let (at, stored_at) = (entry.lifetime.last_active_at(), entry.stored_last_active_at);
            self.pending.keep(key, at, stored_at);
        }
        self.ends += 1;
    }

    /// What has been served since this was last asked for, but for what has left since.
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

    fn see_stored(&mut self, at: Instant) {
        self.stored_last_active_at = self.stored_last_active_at.max(at);
    }

    fn confirm(&mut self, asked_at: Instant) {
        self.confirmed_at = self.confirmed_at.max(asked_at);
    }
}
