//! Requests to the server, and when they are sent.

use std::time::Duration;

use super::{Action, Attempt, Monitor, Purpose, Request, State};
use crate::Instant;

/// The shortest time between two reports of activity, even shortly before the deadline.
const SHORTEST_REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// The longest delay before a failed request is repeated.
const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// The longest delay while the user is waiting for the answer.
const LONGEST_RETRY_FOR_USER: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) request: Request,
    pub(super) sent_at: Instant,
    pub(super) reports: Option<Instant>,
    /// Another tab has sent news since, which the answer may not reflect.
    pub(super) is_outdated: bool,
}

impl Monitor {
    /// The user wants the server to be asked now, instead of at the next attempt.
    pub fn handle_retry(&mut self, now: Instant) {
        if self.state == State::Unreachable {
            self.state = State::Confirming;
        }
        self.handle_return(now);
        self.show(now);
    }

    /// When activity has to be reported: at most once per touch interval, and in time before the
    /// warning. A tab that is not the leader first gives the leader time to report.
    pub(super) fn report_at(&self) -> Option<Instant> {
        let unreported = self.unreported?;
        if self.in_flight.is_some() || self.ask_at.is_some() {
            return None;
        }
        let latest = self.expectation.latest_report_at();
        let due = self.tabs.report_at(unreported, self.regular_report_at());
        let due = due.map_or(latest, |due| due.min(latest));
        Some(due.max(self.earliest_report_at()).max(unreported))
    }

    pub(super) fn regular_report_at(&self) -> Instant {
        self.last_report_at + self.expectation.touch_interval()
    }

    fn earliest_report_at(&self) -> Instant {
        self.last_report_at + SHORTEST_REPORT_INTERVAL
    }

    /// When to ask the server next: at the instant that was set, or in time before the warning if
    /// another tab claims that the session has been extended.
    pub(super) fn next_ask_at(&self) -> Option<Instant> {
        if self.in_flight.is_some() {
            return None;
        }
        let for_claim = (self.state == State::Active && self.is_extension_claimed())
            .then(|| self.expectation.latest_report_at());
        self.ask_at.into_iter().chain(for_claim).min()
    }

    pub(super) fn send_report(&mut self, now: Instant) {
        let Some(active_at) = self.unreported else {
            return;
        };
        self.last_report_at = now;
        self.tabs.announced_at = None;
        let idle_for = now.since(active_at);
        self.send(Purpose::KeepAlive { idle_for }, now);
    }

    /// Asks the server. The request signs out if the user wants that, otherwise it reports activity
    /// if there is any to report, and otherwise it asks for the status.
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
                LONGEST_RETRY_FOR_USER
            }
        };
        self.backoff.next(longest)
    }
}
