//! Requests and answers on their way between browsers and server.

use std::time::Duration;

use super::{
    Happening,
    bounds::{LONGEST_RETRY, REQUEST_TIMEOUT},
    call::{Answer, Call},
    clock::Shown,
    dice::{Decision, dice},
    network::{Fate, Loss},
    plan::Place,
    server::Admission,
    store::SessionNo,
    world::{Event, World},
};
use crate::{Attempt, Instant};

/// How long a browser waits for a page.
const NAVIGATION_TIMEOUT: Duration = Duration::from_secs(60);

/// How soon a request fails where there is no network, or nobody listens.
const REFUSED_AFTER: Duration = Duration::from_millis(5);

/// One request and what comes of it.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) place: Place,
    pub(super) asker: Asker,
    pub(super) call: Call,
    pub(super) cookie: Option<SessionNo>,
    pub(super) sent_at: Instant,
    /// What the clocks of the machine showed then.
    pub(super) shown: Shown,
    /// When the first of a chain of redirects was sent.
    pub(super) set_out_at: Instant,
    /// When the user of the machine had last done something.
    pub(super) input_at: Instant,
    /// The activity in the asking page that this is to report.
    pub(super) counted_at: Option<Instant>,
    /// The activity, there or in another tab, that this may report.
    pub(super) active_at: Instant,
    /// Whether the browser waits no longer.
    pub(super) is_settled: bool,
    fate: Fate,
    /// For the request and for its copy.
    admissions: [Option<Admission>; 2],
    answers: [Option<Answer>; 2],
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asker {
    /// The tab, for another document.
    Navigation,
    /// The monitor of the page with this serial.
    Monitor { serial: usize, attempt: Attempt },
    /// Something else on that page.
    Page { serial: usize },
}

impl Asker {
    pub(super) fn serial(self) -> Option<usize> {
        match self {
            Self::Navigation => None,
            Self::Monitor { serial, .. } | Self::Page { serial } => Some(serial),
        }
    }
}

/// The way of a request, or of its copy, and back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trip {
    pub(super) exchange: usize,
    pub(super) copy: bool,
}

impl World<'_> {
    /// The page in a tab asks the server for something.
    pub(super) fn fetch(&mut self, place: Place, call: Call, attempt: Option<Attempt>) {
        let Some(page) = self.machines[place.machine].tabs[place.tab].page() else {
            return;
        };
        let serial = page.serial;
        let asker = match attempt {
            Some(attempt) => Asker::Monitor { serial, attempt },
            None => Asker::Page { serial },
        };
        let exchange = self.exchange(place, asker, call);
        self.send(exchange, REQUEST_TIMEOUT);
    }

    /// A tab loads another document. Until it arrives, the one that is there stays.
    pub(super) fn navigate(&mut self, place: Place, call: Call) {
        let exchange = self.exchange(place, Asker::Navigation, call);
        let tab = &mut self.machines[place.machine].tabs[place.tab];
        if let Some(given_up) = tab.loading.replace(exchange) {
            self.exchanges[given_up].is_settled = true;
        }
        self.send(exchange, NAVIGATION_TIMEOUT);
    }

    /// A sign-in leads to a page.
    pub(super) fn redirect(&mut self, place: Place, set_out_at: Instant) {
        self.navigate(place, Call::Page { by_user: true });
        let tab = &self.machines[place.machine].tabs[place.tab];
        if let Some(redirected) = tab.loading {
            self.exchanges[redirected].set_out_at = set_out_at;
        }
    }

    fn exchange(&mut self, place: Place, asker: Asker, call: Call) -> usize {
        let machine = &self.machines[place.machine];
        let page = asker
            .serial()
            .and_then(|serial| machine.page(place.tab, serial));
        let active_at = page.and_then(|page| page.active_at);
        let of = [
            place.machine as u64,
            place.tab as u64 * 2 + u64::from(asker.serial().is_some()),
            self.now.as_millis().unsigned_abs(),
        ];
        let mut dice = dice(self.plan.seed, Decision::Fate, of);
        let storm = self.storms.last().map(|(_, storm)| storm);
        let weather = storm.unwrap_or(&self.plan.weather);
        self.exchanges.push(Exchange {
            place,
            asker,
            call,
            cookie: machine.cookie,
            sent_at: self.now,
            shown: machine.clocks.read(self.now),
            set_out_at: self.now,
            input_at: machine.input_at,
            counted_at: page.and_then(|page| page.counted_at),
            active_at: active_at.map_or(machine.input_at, |at| at.min(machine.input_at)),
            is_settled: false,
            fate: weather.fate(&mut dice),
            admissions: [None; 2],
            answers: [None; 2],
        });
        self.exchanges.len() - 1
    }

    fn send(&mut self, number: usize, timeout: Duration) {
        let Exchange {
            place, call, fate, ..
        } = self.exchanges[number];
        self.write(place, || format!("sends {call}"));
        match call {
            Call::KeepAlive { .. } => self.coverage.note(Happening::KeepAlive),
            Call::Status { .. } => self.coverage.note(Happening::Status),
            Call::Poll => self.coverage.note(Happening::PassiveRequest),
            _ => {}
        }
        let [itself, copy] = [false, true].map(|copy| Trip {
            exchange: number,
            copy,
        });
        let machine = &mut self.machines[place.machine];
        if !fate.is_quick() {
            machine.disturb(self.now + REQUEST_TIMEOUT + LONGEST_RETRY);
        }
        if !machine.is_online() {
            return self.push_in(REFUSED_AFTER, Event::Answered(itself));
        }
        self.push_in(timeout, Event::TimesOut { exchange: number });
        match fate.loss {
            Some(Loss::Request) => {
                self.note(Happening::LostRequest, place, "the request gets lost");
            }
            Some(Loss::Answer) | None => {
                self.push_in(millis(fate.there_ms), Event::Arrives(itself));
            }
        }
        if let Some(copy_ms) = fate.copy_ms.filter(|_| call.may_arrive_twice()) {
            self.coverage.note(Happening::Copy);
            self.push_in(millis(copy_ms), Event::Arrives(copy));
        }
    }

    /// A request arrives at the server.
    pub(super) fn arrive(&mut self, trip: Trip) {
        let Exchange {
            call, cookie, fate, ..
        } = self.exchanges[trip.exchange];
        if !self.server.is_up() {
            return self.push_in(REFUSED_AFTER, Event::Answered(trip));
        }
        let admission = self.server.admit(&call, cookie, self.now);
        self.enter_deeds(trip.exchange);
        if let Some(session) = admission.session() {
            self.check_admission(session);
        }
        self.exchanges[trip.exchange].admissions[usize::from(trip.copy)] = Some(admission);
        match fate.work_ms {
            0 => self.serve(trip),
            work_ms => self.push_in(millis(work_ms), Event::Served(trip)),
        }
    }

    /// The server has done what a request asks.
    pub(super) fn serve(&mut self, trip: Trip) {
        let Exchange {
            place,
            call,
            fate,
            admissions,
            ..
        } = self.exchanges[trip.exchange];
        let Some(admission) = admissions[usize::from(trip.copy)] else {
            return;
        };
        if self.server.has_forgotten(&admission) {
            return self.push_in(REFUSED_AFTER, Event::Answered(trip));
        }
        let answer = self.server.serve(&admission, &call, self.now);
        self.enter_deeds(trip.exchange);
        self.check_report(trip.exchange, &answer);
        self.write("server", || format!("answers {place}: {answer}"));
        self.exchanges[trip.exchange].answers[usize::from(trip.copy)] = Some(answer);
        if fate.loss == Some(Loss::Answer) && !trip.copy {
            self.note(Happening::LostAnswer, place, "the answer gets lost");
        } else {
            self.push_in(millis(fate.back_ms), Event::Answered(trip));
        }
    }

    /// An answer arrives at the browser, or the news that there will be none.
    pub(super) fn answer(&mut self, trip: Trip) {
        let exchange = &self.exchanges[trip.exchange];
        if exchange.is_settled {
            return self.coverage.note(Happening::LateAnswer);
        }
        let Exchange { place, asker, .. } = *exchange;
        let answer = exchange.answers[usize::from(trip.copy)];
        if !self.is_postponed(place, asker.serial(), Event::Answered(trip)) {
            self.settle(trip.exchange, answer);
        }
    }

    /// The browser waits no longer for an answer.
    pub(super) fn time_out(&mut self, number: usize) {
        let exchange = &self.exchanges[number];
        let Exchange { place, asker, .. } = *exchange;
        let event = Event::TimesOut { exchange: number };
        if exchange.is_settled || self.is_postponed(place, asker.serial(), event) {
            return;
        }
        let what = "waits no longer for the answer";
        self.note(Happening::RequestTimeout, place, what);
        self.settle(number, None);
    }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
