//! The simulated store. It has the real [`Lifetime`] and the real [`Policy`] of every session, may
//! fail, and has the touches that the server defers according to [`Policy::coalesce`].

use std::{mem, time::Duration};

use super::{
    maintenance::Rounds,
    mutant::Mutant,
    plan::{Person, start},
};
use crate::{
    Checks, Deadline, DeferredTouch, EndReason, Generation, Instant, Lifetime, Limits, Policy,
    TouchDecision,
};

/// Identifies a session.
pub(super) type SessionNo = usize;

#[derive(Debug)]
pub(super) struct Store {
    policy: Policy,
    /// The policy for coalescing touches, which differs from the other only for a mutant.
    coalescing: Policy,
    mutant: Option<Mutant>,
    rounds: Rounds,
    sessions: Vec<Session>,
    works: bool,
    is_open: bool,
    /// All rounds of maintenance until this instant have been run or missed.
    maintained_until: Instant,
    events: Vec<StoreEvent>,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) person: Person,
    pub(super) generation: Generation,
    /// The lifetime that has been written.
    stored: Lifetime,
    /// The touch that has not been written yet.
    deferred: Option<DeferredTouch>,
    ended: Option<EndReason>,
}

/// The session of a request.
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

/// An event of a session, for the ledger.
#[derive(Debug, Clone, Copy)]
pub(super) enum StoreEvent {
    Began(SessionNo),
    /// A touch was confirmed and has not been written yet.
    Deferred(SessionNo),
    /// Every confirmed touch has been written.
    Written(SessionNo),
    LostTouch(Loss),
    Ended(SessionNo, EndReason, Instant),
}

/// A confirmed touch was lost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loss {
    pub(super) session: SessionNo,
    /// By how much the told deadline became earlier.
    pub(super) earlier: Duration,
    /// When it could no longer be written.
    pub(super) at: Instant,
}

impl Store {
    pub(super) fn new(policy: Policy, seed: u64, mutant: Option<Mutant>) -> Self {
        Self {
            policy,
            coalescing: coalescing(policy, mutant),
            mutant,
            rounds: Rounds::new(seed, &policy),
            sessions: Vec::new(),
            works: true,
            is_open: true,
            maintained_until: start(),
            events: Vec::new(),
        }
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) fn session(&self, session: SessionNo) -> &Session {
        &self.sessions[session]
    }

    /// The session with this generation.
    pub(super) fn named(&self, generation: Generation) -> Option<SessionNo> {
        self.sessions
            .iter()
            .rposition(|session| session.generation == generation)
    }

    /// The deadline of a session, even if it has ended before that.
    pub(super) fn deadline(&self, session: SessionNo) -> Deadline {
        self.sessions[session].lifetime().deadline(&self.policy)
    }

    /// Returns the events since the last call.
    pub(super) fn take_events(&mut self) -> Vec<StoreEvent> {
        mem::take(&mut self.events)
    }

    pub(super) fn works(&self) -> bool {
        self.works
    }

    pub(super) fn set_works(&mut self, works: bool, now: Instant) {
        self.maintain(now);
        self.works = works;
    }

    /// The server stops. In a crash, it loses what it has not written.
    pub(super) fn close(&mut self, crash: bool, now: Instant) {
        self.maintain(now);
        for session in 0..self.sessions.len() {
            let record = &self.sessions[session];
            match record.deferred {
                Some(touch) if self.works && !crash => self.write(session, touch.at(), now),
                Some(_) if record.ended.is_none() => self.lose_touch(session, now),
                Some(_) | None => {}
            }
        }
        self.is_open = false;
    }

    /// The server starts.
    pub(super) fn open(&mut self, now: Instant) {
        self.maintain(now);
        self.is_open = true;
    }

    /// Runs all rounds of maintenance until `now`, each as of its own time.
    pub(super) fn maintain(&mut self, now: Instant) {
        let since = mem::replace(&mut self.maintained_until, now);
        if self.works && self.is_open {
            for session in 0..self.sessions.len() {
                self.maintain_session(session, since, now);
            }
        }
    }

    /// A round writes the touches that are due, and then ends the sessions whose timeout has
    /// passed.
    fn maintain_session(&mut self, session: SessionNo, since: Instant, now: Instant) {
        let next = |rounds: &Rounds, from: Instant| {
            let before = from - Duration::from_millis(1);
            let round = (from <= now).then(|| rounds.first_after(before.max(since)));
            round.filter(|round| *round <= now)
        };
        let swept = self
            .swept_from(session)
            .and_then(|from| next(&self.rounds, from));
        if let Some(touch) = self.due(session)
            && let Some(round) = next(&self.rounds, touch.due_at())
            && swept.is_none_or(|swept| round <= swept)
        {
            self.write(session, touch.at(), round);
        }
        if let Some(from) = self.swept_from(session)
            && next(&self.rounds, from).is_some()
        {
            self.expire(session, from);
        }
    }

    fn due(&self, session: SessionNo) -> Option<DeferredTouch> {
        match self.mutant {
            Some(Mutant::WritesNoDeferredTouches) => None,
            _ => self.sessions[session].deferred,
        }
    }

    /// When a sweep ends the session, unless it has ended before.
    fn swept_from(&self, session: SessionNo) -> Option<Instant> {
        let record = &self.sessions[session];
        let deadline = record.stored.deadline(&self.policy).at;
        record.ended.is_none().then_some(match self.mutant {
            Some(Mutant::SweepsDuringGrace) => deadline - self.policy.grace(),
            _ => deadline,
        })
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

    pub(super) fn begin(&mut self, person: Person, now: Instant) -> SessionNo {
        let session = self.sessions.len();
        self.sessions.push(Session {
            person,
            generation: Generation::from_random(session as u128),
            stored: Lifetime::begin(now),
            deferred: None,
            ended: None,
        });
        self.events.push(StoreEvent::Began(session));
        session
    }

    pub(super) fn end(&mut self, session: SessionNo, reason: EndReason, now: Instant) {
        if self.ended(session, now).is_none() {
            self.sessions[session].ended = Some(reason);
            self.sessions[session].forget_deferred();
            self.events.push(StoreEvent::Ended(session, reason, now));
        }
    }

    pub(super) fn end_others(&mut self, kept: SessionNo, now: Instant) {
        let person = self.sessions[kept].person;
        for session in 0..self.sessions.len() {
            if session != kept && self.sessions[session].person == person {
                self.end(session, EndReason::Revoked, now);
            }
        }
    }

    /// Moves the last activity of a session that was live to `at`, but not to an instant after the
    /// request.
    pub(super) fn touch(&mut self, live: &Live, at: Instant, now: Instant) -> Visit {
        let stored_at = live.stored_last_active_at;
        let decision = self
            .coalescing
            .coalesce(&live.lifetime, stored_at, at, live.now);
        match decision {
            TouchDecision::WriteThrough => self.write_through(live, at, now),
            TouchDecision::Defer { lifetime, touch } => {
                self.defer(live.session, touch);
                Visit::Live(Live { lifetime, ..*live })
            }
            TouchDecision::Unchanged(lifetime) => Visit::Live(Live { lifetime, ..*live }),
            TouchDecision::Ended(reason) => Visit::Ended(reason),
        }
    }

    fn defer(&mut self, session: SessionNo, touch: DeferredTouch) {
        let deferred = &mut self.sessions[session].deferred;
        *deferred = Some(match *deferred {
            Some(earlier) => earlier.coalesced_with(touch.at()),
            None => touch,
        });
        self.events.push(StoreEvent::Deferred(session));
    }

    fn write_through(&mut self, live: &Live, at: Instant, now: Instant) -> Visit {
        if !self.works {
            return Visit::Unavailable;
        }
        if self.mutant == Some(Mutant::InsertsOnTouch) {
            self.sessions[live.session].ended = None;
        }
        self.write(live.session, at, now);
        self.visit(live.session, now)
    }

    /// Writes a touch if the session is live.
    fn write(&mut self, session: SessionNo, at: Instant, now: Instant) {
        if self.ended(session, now).is_some() {
            return self.sessions[session].forget_deferred();
        }
        let record = &mut self.sessions[session];
        let Ok(touched) = record.stored.touched(&self.policy, at, now) else {
            return;
        };
        record.stored = match self.mutant {
            Some(Mutant::MovesAuthentication) => {
                Lifetime::stored(touched.last_active_at(), touched.last_active_at())
            }
            _ => touched,
        };
        record.deferred = record
            .deferred
            .and_then(|touch| touch.after_write(&self.coalescing, at));
        let is_all = record.deferred.is_none();
        self.events.push(StoreEvent::Written(session));
        if !is_all {
            self.events.push(StoreEvent::Deferred(session));
        }
    }

    /// The reason for which the session has ended, if it has. An end by a timeout is written.
    fn ended(&mut self, session: SessionNo, now: Instant) -> Option<EndReason> {
        let record = &self.sessions[session];
        if record.ended.is_some() {
            return record.ended;
        }
        record.stored.ended(&self.policy, now)?;
        let deadline = record.stored.deadline(&self.policy).at;
        Some(self.expire(session, deadline))
    }

    /// Ends the session because its timeout passed at `at`.
    fn expire(&mut self, session: SessionNo, at: Instant) -> EndReason {
        let deadline = self.sessions[session].stored.deadline(&self.policy);
        let reason = deadline.limit.into();
        self.lose_touch(session, at);
        self.sessions[session].ended = Some(reason);
        self.events.push(StoreEvent::Ended(session, reason, at));
        reason
    }

    /// The deadline that browsers are told. A lost touch can move it even if the session's own
    /// deadline stays, because the grace is subtracted from the idle timeout only.
    fn told(&self, session: SessionNo) -> Instant {
        let lifetime = self.sessions[session].lifetime();
        let idle = lifetime.last_active_at() + (self.policy.idle() - self.policy.grace());
        idle.min(lifetime.authenticated_at() + self.policy.absolute())
    }

    fn lose_touch(&mut self, session: SessionNo, at: Instant) {
        let before = self.told(session);
        let lost = self.sessions[session].deferred.take();
        let earlier = before.since(self.told(session));
        if lost.is_some() && earlier > Duration::ZERO {
            self.events.push(StoreEvent::LostTouch(Loss {
                session,
                earlier,
                at,
            }));
        }
    }
}

/// The policy for coalescing touches.
fn coalescing(policy: Policy, mutant: Option<Mutant>) -> Policy {
    let limits = Limits {
        warning: policy.idle() / 2,
        grace: 2 * policy.touch_interval(),
        ..policy.limits()
    };
    match mutant {
        Some(Mutant::DefersForTooLong) => Policy::new(limits, None, Checks::Warn).unwrap_or(policy),
        _ => policy,
    }
}

impl Session {
    /// The lifetime with the deferred touch included.
    pub(super) fn lifetime(&self) -> Lifetime {
        match self.deferred {
            Some(touch) if touch.at() > self.stored.last_active_at() => {
                Lifetime::stored(self.stored.authenticated_at(), touch.at())
            }
            Some(_) | None => self.stored,
        }
    }

    pub(super) fn ended(&self) -> Option<EndReason> {
        self.ended
    }

    /// Drops the deferred touch of an ended session, which is not written any more. The checks
    /// still use it, because browsers were told of it.
    fn forget_deferred(&mut self) {
        self.stored = self.lifetime();
        self.deferred = None;
    }
}
