//! Requests that arrive at the server, and answers that arrive at browsers.

use std::time::Duration;

use super::{
    coverage::Happening,
    event::Event,
    exchange::{Exchange, REFUSED_AFTER, Trip},
    network::Loss,
    world::World,
};

impl World<'_> {
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
            work_ms => self.push_in(Duration::from_millis(work_ms), Event::Served(trip)),
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
            self.push_in(Duration::from_millis(fate.back_ms), Event::Answered(trip));
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
