//! Checks the properties on the server, for every request. The tolerances are in `bounds`.

use super::{
    bounds,
    call::{Answer, AnswerBasis, Call},
    moment::Moment,
    properties::Property,
    store::{Loss, SessionNo},
    world::World,
};
use crate::{EndReason, Instant, Status};

impl World<'_> {
    /// A request is served in a session: checks that the session is live.
    pub(super) fn check_admission(&mut self, session: SessionNo) {
        let entry = self.ledger.entry(session);
        let policy = &self.plan.policy;
        let now = self.now;
        let absolute_at = entry.authenticated_at + policy.absolute();
        let idle_at = entry.last_active_at + policy.idle();
        let ended_at = entry.ended_at.unwrap_or(idle_at).min(idle_at);
        if now >= absolute_at {
            self.report_violation(Property::Bounded, || {
                let absolute_at = Moment(absolute_at);
                format!(
                    "a request is served in session {session} after its absolute timeout at {absolute_at}"
                )
            });
        } else if now >= ended_at {
            self.report_violation(Property::NoZombie, || {
                let ended_at = Moment(ended_at);
                format!("a request is served in session {session}, which ended at {ended_at}")
            });
        }
    }

    /// A request has moved the last activity of a session: checks that the user was active then. On
    /// clocks that agree, the activity was not later than `latest`.
    pub(super) fn check_touch(&mut self, exchange: usize, session: SessionNo, latest: Instant) {
        let touched_at = self
            .server
            .store
            .session(session)
            .lifetime()
            .last_active_at();
        let entry = self.ledger.entry_mut(session);
        if touched_at <= entry.last_active_at {
            return;
        }
        entry.last_active_at = touched_at;
        let exchange = &self.exchanges[exchange];
        let clocks = &self.machines[exchange.place.machine].clocks;
        let behind = bounds::behind(clocks, exchange.active_at, exchange.sent_at)
            + bounds::age_underestimate(clocks, exchange.active_at);
        let (place, call) = (exchange.place, exchange.call);
        if call.is_passive() || touched_at > latest + behind {
            self.report_violation(Property::PassiveStaysPassive, || {
                let (touched_at, latest) = (Moment(touched_at), Moment(latest));
                format!("{place}: {call} moves the last activity to {touched_at}, but the user was last active at {latest} or earlier")
            });
        }
    }

    /// The server has confirmed a report of activity: checks that the deadline has moved
    /// accordingly.
    pub(super) fn check_report(&mut self, exchange: usize, answer: &Answer) {
        let exchange = &self.exchanges[exchange];
        let (Call::KeepAlive { .. }, Some(counted_at)) = (exchange.call, exchange.counted_at)
        else {
            return;
        };
        let Answer::Told(Status::Active(_), Some(AnswerBasis { session, .. })) = *answer else {
            return;
        };
        let place = exchange.place;
        let clocks = &self.machines[place.machine].clocks;
        let ahead = bounds::ahead(clocks, counted_at, exchange.sent_at);
        let policy = &self.plan.policy;
        let absolute_at = self.ledger.entry(session).authenticated_at + policy.absolute();
        let promised = (counted_at + policy.idle()).min(absolute_at);
        let deadline = self.server.store.deadline(session).at;
        if deadline + ahead < promised {
            self.report_violation(Property::ActivityPreserves, || {
                let (promised, deadline) = (Moment(promised), Moment(deadline));
                format!("{place}: after the report, session {session} ends at {deadline} instead of {promised}")
            });
        }
    }

    /// A confirmed touch was lost: checks that it moves the told deadline by less than the grace,
    /// and that there was no time to write it.
    pub(super) fn check_loss(&mut self, loss: &Loss) {
        let Loss {
            session,
            earlier,
            at,
        } = *loss;
        let policy = &self.plan.policy;
        let grace = policy.grace();
        if earlier >= grace {
            self.report_violation(Property::ActivityPreserves, || {
                format!("a lost touch moves the deadline of session {session} by {earlier:?}, and the grace is {grace:?}")
            });
        }
        let Some(since) = self.ledger.entry(session).deferred_since else {
            return;
        };
        let waited = at.since(since.max(self.served_since));
        let longest = bounds::deferred_for(policy);
        if self.server.store.works() && waited > longest {
            self.report_violation(Property::ActivityPreserves, || {
                format!("session {session} loses a touch that has waited {waited:?} to be written, and may wait {longest:?}")
            });
        }
    }

    /// The server has ended a session: checks that this was not too early.
    pub(super) fn check_server_end(&mut self, session: SessionNo, reason: EndReason, at: Instant) {
        let entry = self.ledger.entry(session);
        let lost = entry.lost_since(entry.authenticated_at);
        let policy = &self.plan.policy;
        let promised =
            (entry.last_active_at + policy.idle()).min(entry.authenticated_at + policy.absolute());
        if reason == EndReason::IdleTimeout && at + lost < promised {
            self.report_violation(Property::ActivityPreserves, || {
                let (at, promised) = (Moment(at), Moment(promised));
                format!("session {session} ended at {at} instead of {promised}")
            });
        }
    }
}
