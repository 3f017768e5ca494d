//! Requests that arrive at the server, and answers that arrive at browsers.

use std::time::Duration;

use super::{
    coverage::Happening,
    event::Event,
    exchange::{Exchange, REFUSED_AFTER, Transmission},
    network::Loss,
    world::World,
};

impl World<'_> {
    /// A request arrives at the server.
    pub(super) fn arrive(&mut self, transmission: Transmission) {
        let Exchange {
            call,
            cookie,
            transit,
            ..
        } = self.exchanges[transmission.exchange];
        if !self.server.is_up() {
            return self.push_in(REFUSED_AFTER, Event::Answered(transmission));
        }
        let admission = self.server.admit(&call, cookie, self.now);
        self.record_events(transmission.exchange);
        if let Some(session) = admission.session() {
            self.check_admission(session);
        }
        self.exchanges[transmission.exchange].admissions[usize::from(transmission.copy)] =
            Some(admission);
        match transit.work_ms {
            0 => self.serve(transmission),
            work_ms => self.push_in(Duration::from_millis(work_ms), Event::Served(transmission)),
        }
    }

    /// The server has finished its work on a request, and answers it.
    pub(super) fn serve(&mut self, transmission: Transmission) {
        let Exchange {
            place,
            call,
            transit,
            admissions,
            ..
        } = self.exchanges[transmission.exchange];
        let Some(admission) = admissions[usize::from(transmission.copy)] else {
            return;
        };
        if self.server.has_forgotten(&admission) {
            return self.push_in(REFUSED_AFTER, Event::Answered(transmission));
        }
        let answer = self.server.serve(&admission, &call, self.now);
        self.record_events(transmission.exchange);
        self.check_report(transmission.exchange, &answer);
        self.write("server", || format!("answers {place}: {answer}"));
        self.exchanges[transmission.exchange].answers[usize::from(transmission.copy)] =
            Some(answer);
        if transit.loss == Some(Loss::Answer) && !transmission.copy {
            self.note(Happening::LostAnswer, place, "the answer is lost");
        } else {
            self.push_in(
                Duration::from_millis(transit.back_ms),
                Event::Answered(transmission),
            );
        }
    }

    /// An answer arrives at the browser, or the request fails.
    pub(super) fn answer(&mut self, transmission: Transmission) {
        let exchange = &self.exchanges[transmission.exchange];
        if exchange.is_resolved {
            return self.coverage.note(Happening::LateAnswer);
        }
        let Exchange {
            place, requester, ..
        } = *exchange;
        let answer = exchange.answers[usize::from(transmission.copy)];
        if !self.is_postponed(place, requester.serial(), Event::Answered(transmission)) {
            self.resolve(transmission.exchange, answer);
        }
    }

    /// The request times out in the browser.
    pub(super) fn time_out(&mut self, number: usize) {
        let exchange = &self.exchanges[number];
        let Exchange {
            place, requester, ..
        } = *exchange;
        let event = Event::TimesOut { exchange: number };
        if exchange.is_resolved || self.is_postponed(place, requester.serial(), event) {
            return;
        }
        let what = "the request times out";
        self.note(Happening::RequestTimeout, place, what);
        self.resolve(number, None);
    }
}
