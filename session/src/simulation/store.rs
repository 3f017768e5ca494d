//! The sessions: the real [`Lifetime`] under the real [`Policy`], in a store that may fail.
//!
//! Touches are coalesced as in `server/src/sessions.rs`, by the same rule of the policy.

use std::time::Duration;

use super::{Mutant, generate::start, plan::Account};
use crate::{Deadline, EndReason, Generation, Instant, Lifetime, Policy};

/// Names a session.
pub(super) type SessionNo = usize;

#[derive(Debug)]
pub(super) struct Store {
    policy: Policy,
    mutant: Option<Mutant>,
    sessions: Vec<Session>,
    works: bool,
    /// Since when it does, with somebody there to write.
    works_since: Instant,
    deeds: Vec<Deed>,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) account: Account,
    pub(super) generation: Generation,
    /// What is written down.
    stored: Lifetime,
    /// A touch that is yet to be written.
    pending: Option<PendingTouch>,
    ended: Option<EndReason>,
}

#[derive(Debug, Clone, Copy)]
struct PendingTouch {
    at: Instant,
    due_at: Instant,
}

/// What is known of the session that a request comes with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Visit {
    Live(Live),
    Ended(EndReason),
    Anonymous,
    /// The store does not answer.
    Unavailable,
}

/// A live session as it was at an instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Live {
    pub(super) session: SessionNo,
    pub(super) lifetime: Lifetime,
    pub(super) now: Instant,
    stored_last_active_at: Instant,
}

/// What has become of a session, for whoever watches over the rules.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed {
    Began(SessionNo),
    Touched(SessionNo),
    /// A touch that had been confirmed was lost: the deadline is earlier by this much.
    LostTouch(SessionNo, Duration),
    Ended(SessionNo, EndReason, Instant),
}

impl Store {
    pub(super) fn new(policy: Policy, mutant: Option<Mutant>) -> Self {
        Self {
            policy,
            mutant,
            sessions: Vec::new(),
            works: true,
            works_since: start(),
            deeds: Vec::new(),
        }
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) fn session(&self, session: SessionNo) -> &Session {
        &self.sessions[session]
    }

    /// The session of which this is the generation.
    pub(super) fn named(&self, generation: Generation) -> Option<SessionNo> {
        self.sessions
            .iter()
            .rposition(|session| session.generation == generation)
    }

    /// When time will have ended the session, or would have.
    pub(super) fn deadline(&self, session: SessionNo) -> Deadline {
        self.sessions[session].lifetime().deadline(&self.policy)
    }

    /// What has been done since this was last asked.
    pub(super) fn take_deeds(&mut self) -> Vec<Deed> {
        std::mem::take(&mut self.deeds)
    }

    pub(super) fn works(&self) -> bool {
        self.works
    }

    pub(super) fn set_works(&mut self, works: bool, now: Instant) {
        self.write_due(now);
        self.works = works;
        self.works_since = now;
    }

    /// The server stops. In a crash, what is not written is lost.
    pub(super) fn close(&mut self, crash: bool, now: Instant) {
        self.write_due(now);
        for session in 0..self.sessions.len() {
            match self.sessions[session].pending {
                Some(touch) if self.works && !crash => self.write(session, touch, now),
                Some(_) => self.lose_touch(session),
                None => {}
            }
        }
    }

    /// The server starts.
    pub(super) fn open(&mut self, now: Instant) {
        self.works_since = now;
    }

    /// Writes the touches that have been due for as long as maintenance may take to come round, as
    /// of when it did.
    pub(super) fn write_due(&mut self, now: Instant) {
        if !self.works {
            return;
        }
        for session in 0..self.sessions.len() {
            let Some(touch) = self.sessions[session].pending else {
                continue;
            };
            let due_at = touch.due_at.max(touch.at).max(self.works_since);
            let written_at = due_at + self.maintenance_interval();
            if written_at <= now {
                self.write(session, touch, written_at);
            }
        }
    }

    pub(super) fn visit(&mut self, session: SessionNo, now: Instant) -> Visit {
        if !self.works {
            return Visit::Unavailable;
        }
        if let Some(reason) = self.ended(session, now) {
            return Visit::Ended(reason);
        }
        let record = &self.sessions[session];
        Visit::Live(Live {
            session,
            lifetime: record.lifetime(),
            now,
            stored_last_active_at: record.stored.last_active_at(),
        })
    }

    pub(super) fn begin(&mut self, account: Account, now: Instant) -> SessionNo {
        let session = self.sessions.len();
        self.sessions.push(Session {
            account,
            generation: Generation::from_random(session as u128),
            stored: Lifetime::begin(now),
            pending: None,
            ended: None,
        });
        self.deeds.push(Deed::Began(session));
        session
    }

    pub(super) fn end(&mut self, session: SessionNo, reason: EndReason, now: Instant) {
        if self.ended(session, now).is_none() {
            self.sessions[session].ended = Some(reason);
            self.deeds.push(Deed::Ended(session, reason, now));
        }
    }

    pub(super) fn end_others(&mut self, kept: SessionNo, now: Instant) {
        let account = self.sessions[kept].account;
        for session in 0..self.sessions.len() {
            if session != kept && self.sessions[session].account == account {
                self.end(session, EndReason::Revoked, now);
            }
        }
    }

    /// Moves the last activity of a session that was live to `at`, bounded by then.
    pub(super) fn touch(&mut self, live: &Live, at: Instant, now: Instant) -> Visit {
        if !self.may_keep_back(live) {
            return self.touch_stored(live, at, now);
        }
        let lifetime = match live.lifetime.touched(&self.policy, at, live.now) {
            Ok(lifetime) => lifetime,
            Err(reason) => return Visit::Ended(reason),
        };
        let at = lifetime.last_active_at();
        if at > live.stored_last_active_at {
            let due_at = live.stored_last_active_at + self.write_after();
            let pending = &mut self.sessions[live.session].pending;
            let touch = pending.get_or_insert(PendingTouch { at, due_at });
            touch.at = touch.at.max(at);
            self.deeds.push(Deed::Touched(live.session));
        }
        Visit::Live(Live { lifetime, ..*live })
    }

    fn touch_stored(&mut self, live: &Live, at: Instant, now: Instant) -> Visit {
        if !self.works {
            return Visit::Unavailable;
        }
        if self.mutant == Some(Mutant::InsertsOnTouch) {
            self.sessions[live.session].ended = None;
        }
        self.write(live.session, PendingTouch { at, due_at: now }, now);
        self.visit(live.session, now)
    }

    /// Conditional on the session being live.
    fn write(&mut self, session: SessionNo, touch: PendingTouch, now: Instant) {
        if self.ended(session, now).is_some() {
            return;
        }
        let record = &mut self.sessions[session];
        let Ok(touched) = record.stored.touched(&self.policy, touch.at, now) else {
            return;
        };
        record.stored = match self.mutant {
            Some(Mutant::MovesAuthentication) => {
                Lifetime::stored(touched.last_active_at(), touched.last_active_at())
            }
            _ => touched,
        };
        record.pending.take_if(|pending| pending.at <= touch.at);
        self.deeds.push(Deed::Touched(session));
    }

    /// Why the session has ended, written down if time has ended it.
    fn ended(&mut self, session: SessionNo, now: Instant) -> Option<EndReason> {
        let record = &self.sessions[session];
        if record.ended.is_some() {
            return record.ended;
        }
        let reason = record.stored.ended(&self.policy, now)?;
        self.lose_touch(session);
        let at = self.deadline(session).at;
        self.sessions[session].ended = Some(reason);
        self.deeds.push(Deed::Ended(session, reason, at));
        Some(reason)
    }

    fn lose_touch(&mut self, session: SessionNo) {
        let before = self.deadline(session).at;
        let lost = self.sessions[session].pending.take();
        let earlier = before.since(self.deadline(session).at);
        if lost.is_some() && earlier > Duration::ZERO {
            self.deeds.push(Deed::LostTouch(session, earlier));
        }
    }

    fn may_keep_back(&self, live: &Live) -> bool {
        let stored_at = live.stored_last_active_at;
        match self.mutant {
            Some(Mutant::KeepsTouchesBack) => {
                live.now.since(stored_at) < 2 * self.policy.touch_interval()
            }
            _ => self.policy.may_keep_back(stored_at, live.now),
        }
    }

    fn write_after(&self) -> Duration {
        match self.mutant {
            Some(Mutant::KeepsTouchesBack) => self.policy.touch_interval(),
            _ => self.policy.write_after(),
        }
    }

    /// As the server's, or a little longer where that is busy.
    fn maintenance_interval(&self) -> Duration {
        let longest = Duration::from_secs(1);
        self.policy
            .write_after()
            .clamp(Duration::from_millis(20), longest)
    }
}

impl Session {
    /// What follows from what is written down and from what is yet to be.
    pub(super) fn lifetime(&self) -> Lifetime {
        match self.pending {
            Some(touch) if touch.at > self.stored.last_active_at() => {
                Lifetime::stored(self.stored.authenticated_at(), touch.at)
            }
            Some(_) | None => self.stored,
        }
    }

    pub(super) fn ended(&self) -> Option<EndReason> {
        self.ended
    }
}
