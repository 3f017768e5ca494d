//! How browsers handle answers, and requests that fail.

use std::time::Duration;

use super::{
    bounds::{self, LONGEST_RETRY},
    call::{Answer, AnswerBasis, Call},
    coverage::Happening,
    exchange::{Exchange, Requester},
    ledger::ToldDeadline,
    machine::Machine,
    mutant::Mutant,
    plan::Place,
    store::SessionNo,
    tab::{Anchor, Document},
    world::World,
};
use crate::{ActiveStatus, Attempt, EndReason, Instant, Monitor, Status};

impl World<'_> {
    /// The browser receives the answer to a request. Without an answer, the request has failed.
    pub(super) fn resolve(&mut self, number: usize, answer: Option<Answer>) {
        let exchange = &mut self.exchanges[number];
        exchange.is_resolved = true;
        let Exchange {
            place,
            requester,
            call,
            ..
        } = *exchange;
        self.handle_in_browser(place, answer);
        let machine = &mut self.machines[place.machine];
        let is_gone = |serial| machine.page(place.tab, serial).is_none();
        if requester.serial().is_some_and(is_gone) {
            return;
        }
        match (requester, call) {
            (Requester::Navigation, _) => {
                let tab = &mut machine.tabs[place.tab];
                if tab.loading.take_if(|loading| *loading == number).is_some() {
                    self.finish_navigation(number, answer);
                }
            }
            (Requester::Monitor { attempt, .. }, _) => {
                self.pass_to_monitor(number, attempt, answer)
            }
            (Requester::Page { .. }, Call::SignIn { .. }) => self.learn_of_sign_in(place, answer),
            (Requester::Page { .. }, _) => {}
        }
    }

    /// Handles what an answer means for the browser as a whole.
    fn handle_in_browser(&mut self, place: Place, answer: Option<Answer>) {
        let now = self.now;
        match answer {
            Some(Answer::SignedIn(session)) => return self.take_cookie(place, session),
            Some(Answer::SignedOut) => {
                self.machines[place.machine].cookie = None;
                return;
            }
            Some(Answer::Refused) => self.note(Happening::Refusal, place, "is refused"),
            Some(Answer::Unavailable) => {
                let what = "is refused because the store is unavailable";
                self.note(Happening::Unavailable, place, what);
            }
            None => self.write(place, || "gets no answer"),
            Some(Answer::Told(..) | Answer::Page(..) | Answer::SignInPage | Answer::Done) => return,
        }
        self.machines[place.machine].disturb(now + LONGEST_RETRY);
    }

    /// The browser stores the cookie of a new session.
    fn take_cookie(&mut self, place: Place, session: SessionNo) {
        let before = self.machines[place.machine].cookie.replace(session);
        let store = &self.server.store;
        let replaced = before
            .map(|before| store.session(before))
            .filter(|before| before.ended() == Some(EndReason::Replaced));
        match replaced.map(|replaced| replaced.person == store.session(session).person) {
            Some(true) => self.coverage.note(Happening::Reauthentication),
            Some(false) => self.coverage.note(Happening::PersonSwitch),
            None => {}
        }
    }

    /// Passes the result of a request to the monitor of its page.
    fn pass_to_monitor(&mut self, number: usize, attempt: Attempt, answer: Option<Answer>) {
        let Exchange { place, sent_at, .. } = self.exchanges[number];
        // After a gap in time the monitor has sent a new request and waits for that answer instead.
        self.handle(place, |_, _| {});
        let Some(page) = self.machines[place.machine].tabs[place.tab].page() else {
            return;
        };
        let is_waited_for = page.waits_for(attempt);
        let round_trip = self.now.since(sent_at);
        let received = match answer {
            Some(Answer::Told(Status::Active(status), basis)) => {
                let status = page.status_for_monitor(&status, round_trip);
                if let Some(basis) = basis.filter(|_| is_waited_for) {
                    self.anchor(place, sent_at, &status, basis);
                }
                Received::Status(Status::Active(status))
            }
            Some(Answer::Told(status, _)) => Received::Status(status),
            Some(Answer::SignedOut) => Received::Status(Status::Ended {
                reason: EndReason::SignedOut,
            }),
            Some(Answer::Refused) => Received::Refusal,
            _ => match self.mutant {
                Some(Mutant::TakesFailureForEnd) => Received::Status(Status::Ended {
                    reason: EndReason::IdleTimeout,
                }),
                Some(Mutant::ForgetsFailures) => return,
                _ => Received::Nothing,
            },
        };
        self.handle(place, |monitor, now| match &received {
            Received::Status(status) => monitor.handle_answer(attempt, status, now),
            Received::Refusal => monitor.handle_refused(attempt, now),
            Received::Nothing => monitor.handle_failed(attempt, now),
        });
        let tells_of_end = matches!(
            received,
            Received::Status(Status::Ended { .. } | Status::Anonymous)
        );
        if tells_of_end && is_waited_for {
            self.check_heeds_end(place);
        }
    }

    /// Records the answer that the page now uses. The page announces an extension to the other
    /// tabs, unless its clock is so far behind that the deadline is not later for it.
    fn anchor(
        &mut self,
        place: Place,
        asked_at: Instant,
        status: &ActiveStatus,
        basis: AnswerBasis,
    ) {
        let now = self.now;
        let Machine { tabs, clocks, .. } = &mut self.machines[place.machine];
        let Some(page) = tabs[place.tab].page_mut() else {
            return;
        };
        let behind = page.anchor.slept + bounds::behind(clocks, page.anchor.asked_at, now);
        page.anchor = Anchor {
            asked_at,
            round_trip: now.since(asked_at),
            deadline: basis.deadline,
            slept: Duration::ZERO,
        };
        if behind < bounds::DEADLINE_TOLERANCE {
            self.tell_of(asked_at, status, basis);
        }
    }

    fn tell_of(&mut self, asked_at: Instant, status: &ActiveStatus, basis: AnswerBasis) {
        self.ledger
            .entry_mut(basis.session)
            .record_told_deadline(ToldDeadline {
                deadline: asked_at + status.idle_remaining.min(status.absolute_remaining),
                asked_at,
                answered_at: self.now,
            });
    }

    fn learn_of_sign_in(&mut self, place: Place, answer: Option<Answer>) {
        let tab = &mut self.machines[place.machine].tabs[place.tab];
        if let Some(page) = tab.page_mut() {
            page.is_signing_in = false;
        }
        if let Some(Answer::SignedIn(_)) = answer {
            let what = "is signed in again over the page";
            self.note(Happening::SignInInPlace, place, what);
            self.handle(place, Monitor::handle_signed_in);
        }
    }

    /// A navigation is finished.
    fn finish_navigation(&mut self, number: usize, answer: Option<Answer>) {
        let Exchange {
            place,
            sent_at,
            shown,
            ..
        } = self.exchanges[number];
        match answer {
            Some(Answer::SignedIn(_)) => self.redirect(place, sent_at),
            Some(Answer::Page(status, basis)) => {
                let anchor = Anchor {
                    asked_at: sent_at,
                    round_trip: self.now.since(sent_at),
                    deadline: basis.deadline,
                    slept: Duration::ZERO,
                };
                self.tell_of(sent_at, &status, basis);
                self.begin_page(place, basis.session, &status, anchor, shown);
            }
            Some(Answer::SignInPage | Answer::SignedOut | Answer::Told(..)) => {
                self.put_document(place, Document::SignIn);
            }
            Some(Answer::Done | Answer::Refused | Answer::Unavailable) | None => {
                self.put_document(place, Document::Error);
            }
        }
    }
}

/// An answer, as the driver passes it to the monitor.
enum Received {
    Status(Status),
    Refusal,
    Nothing,
}
