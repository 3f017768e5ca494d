//! What is asked of the server, and when.

use std::time::Duration;

use super::{Action, Attempt, Monitor, Purpose, Request, State};
use crate::Instant;

/// Between two reports of activity, however little time is left.
const SHORTEST_REPORT_INTERVAL: Duration = Duration::from_secs(1);

const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// While the user waits for the answer.
const LONGEST_RETRY_WHEN_WAITED_FOR: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) request: Request,
    pub(super) sent_at: Instant,
    pub(super) reports: Option<Instant>,
    /// Another tab has told something since that the answer may not know of.
    pub(super) is_outdated: bool,
}

impl Monitor {
    /// The user wants to know at once what the server says, rather than when it is asked again.
    pub fn handle_retry(&mut self, now: Instant) {
        if self.state == State::Unreachable {
            self.state = State::Confirming;
        }
        self.handle_return(now);
        self.show(now);
    }

    /// When activity is to be reported: once a touch interval, and in time before the warning.
    /// A tab that does not lead gives the one that does time to report.
    pub(super) fn report_at(&self) -> Option<Instant> {
        let unreported = self.unreported?;
        if self.in_flight.is_some() || self.ask_at.is_some() {
            return None;
        }
        let last_call = self.expectation.last_call_at();
        let due = self.tabs.report_at(unreported, self.regular_report_at());
        let due = due.map_or(last_call, |due| due.min(last_call));
        Some(due.max(self.soonest_report_at()).max(unreported))
    }

    pub(super) fn regular_report_at(&self) -> Instant {
        self.last_report_at + self.expectation.touch_interval()
    }

    fn soonest_report_at(&self) -> Instant {
        self.last_report_at + SHORTEST_REPORT_INTERVAL
    }

    /// When to ask: when that was decided, or in time before the warning where another tab has
    /// said that there is no need of one.
    pub(super) fn next_ask_at(&self) -> Option<Instant> {
        if self.in_flight.is_some() {
            return None;
        }
        let for_claim = (self.state == State::Active && self.claims_more())
            .then(|| self.expectation.last_call_at());
        self.ask_at.into_iter().chain(for_claim).min()
    }

    pub(super) fn send_report(&mut self, now: Instant) {
        let Some(active_at) = self.unreported else {
            return;
        };
        self.last_report_at = now;
        self.tabs.told_at = None;
        let idle_for = now.since(active_at);
        self.send(Purpose::KeepAlive { idle_for }, now);
    }

    /// Asks the server, with the activity it does not know of, if there is any, or to sign out.
    pub(super) fn ask(&mut self, now: Instant) {
        self.ask_at = None;
        match self.unreported {
            _ if self.state == State::SigningOut => self.send(Purpose::SignOut, now),
            Some(_) => self.send_report(now),
            None => self.send(Purpose::Status, now),
        }
    }

    pub(super) fn send(&mut self, purpose: Purpose, now: Instant) {
        let attempt = Attempt::from_number(self.next_attempt);
        self.next_attempt = self.next_attempt.wrapping_add(1);
        let request = Request { attempt, purpose };
        self.ask_at = None;
        self.in_flight = Some(InFlight {
            request,
            sent_at: now,
            reports: match purpose {
                Purpose::KeepAlive { .. } => self.unreported,
                Purpose::Status | Purpose::SignOut => None,
            },
            is_outdated: false,
        });
        self.actions.push_back(Action::Send(request));
    }

    pub(super) fn take_in_flight(&mut self, attempt: Attempt) -> Option<InFlight> {
        self.in_flight
            .take_if(|in_flight| in_flight.request.attempt == attempt)
    }

    pub(super) fn retry_delay(&mut self) -> Duration {
        let longest = match self.state {
            State::Active | State::Ended(_) => LONGEST_RETRY,
            State::Warning | State::Confirming | State::Unreachable | State::SigningOut => {
                LONGEST_RETRY_WHEN_WAITED_FOR
            }
        };
        self.backoff.next(longest)
    }
}
