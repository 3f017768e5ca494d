//! Requests that browsers send.

use std::time::Duration;

use super::{
    bounds::{LONGEST_RETRY, REQUEST_TIMEOUT},
    call::Call,
    coverage::Happening,
    event::Event,
    exchange::{Exchange, REFUSED_AFTER, Requester, Transmission},
    network::Loss,
    plan::Place,
    random::{Decision, rng},
    world::World,
};
use crate::{Attempt, Instant};

/// How long a browser waits for the answer to a navigation.
const NAVIGATION_TIMEOUT: Duration = Duration::from_secs(60);

impl World<'_> {
    /// The page in a tab sends a request.
    pub(super) fn fetch(&mut self, place: Place, call: Call, attempt: Option<Attempt>) {
        let Some(page) = self.machines[place.machine].tabs[place.tab].page() else {
            return;
        };
        let serial = page.serial;
        let requester = match attempt {
            Some(attempt) => Requester::Monitor { serial, attempt },
            None => Requester::Page { serial },
        };
        let exchange = self.exchange(place, requester, call);
        self.send(exchange, REQUEST_TIMEOUT);
    }

    /// A tab navigates. The current document stays until the new one arrives.
    pub(super) fn navigate(&mut self, place: Place, call: Call) {
        let exchange = self.exchange(place, Requester::Navigation, call);
        let tab = &mut self.machines[place.machine].tabs[place.tab];
        if let Some(given_up) = tab.loading.replace(exchange) {
            self.exchanges[given_up].is_resolved = true;
        }
        self.send(exchange, NAVIGATION_TIMEOUT);
    }

    /// A sign-in redirects to a page.
    pub(super) fn redirect(&mut self, place: Place, set_out_at: Instant) {
        self.navigate(place, Call::Page { by_user: true });
        let tab = &self.machines[place.machine].tabs[place.tab];
        if let Some(redirected) = tab.loading {
            self.exchanges[redirected].set_out_at = set_out_at;
        }
    }

    fn exchange(&mut self, place: Place, requester: Requester, call: Call) -> usize {
        let machine = &self.machines[place.machine];
        let page = requester
            .serial()
            .and_then(|serial| machine.page(place.tab, serial));
        let active_at = page.and_then(|page| page.active_at);
        let of = [
            place.machine as u64,
            place.tab as u64 * 2 + u64::from(requester.serial().is_some()),
            self.now.as_millis().unsigned_abs(),
        ];
        let mut rng = rng(self.plan.seed, Decision::Transit, of);
        let storm = self.storms.last().map(|(_, storm)| storm);
        let network = storm.unwrap_or(&self.plan.network);
        self.exchanges.push(Exchange {
            place,
            requester,
            call,
            cookie: machine.cookie,
            sent_at: self.now,
            shown: machine.clocks.read(self.now),
            set_out_at: self.now,
            input_at: machine.input_at,
            counted_at: page.and_then(|page| page.counted_at),
            active_at: active_at.map_or(machine.input_at, |at| at.min(machine.input_at)),
            is_resolved: false,
            transit: network.transit(&mut rng),
            admissions: [None; 2],
            answers: [None; 2],
        });
        self.exchanges.len() - 1
    }

    fn send(&mut self, number: usize, timeout: Duration) {
        let Exchange {
            place,
            call,
            transit,
            ..
        } = self.exchanges[number];
        self.write(place, || format!("sends {call}"));
        match call {
            Call::KeepAlive { .. } => self.coverage.note(Happening::KeepAlive),
            Call::Status { .. } => self.coverage.note(Happening::Status),
            Call::Poll => self.coverage.note(Happening::PassiveRequest),
            _ => {}
        }
        let [itself, copy] = [false, true].map(|copy| Transmission {
            exchange: number,
            copy,
        });
        let machine = &mut self.machines[place.machine];
        if !transit.is_quick() {
            machine.disturb(self.now + REQUEST_TIMEOUT + LONGEST_RETRY);
        }
        if !machine.is_online() {
            return self.push_in(REFUSED_AFTER, Event::Answered(itself));
        }
        self.push_in(timeout, Event::TimesOut { exchange: number });
        match transit.loss {
            Some(Loss::Request) => {
                self.note(Happening::LostRequest, place, "the request is lost");
            }
            Some(Loss::Answer) | None => {
                self.push_in(
                    Duration::from_millis(transit.there_ms),
                    Event::Arrives(itself),
                );
            }
        }
        if let Some(copy_ms) = transit.copy_ms.filter(|_| call.may_arrive_twice()) {
            self.coverage.note(Happening::Copy);
            self.push_in(Duration::from_millis(copy_ms), Event::Arrives(copy));
        }
    }
}
