//! How a world goes from event to event.

use super::{
    coverage::Coverage, event::Event, history::History, mutant::Mutant, plan::Plan,
    properties::Violation, world::World,
};
use crate::Instant;

/// What came of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What happened in it.
    pub coverage: Coverage,
    /// The first property that did not hold, at which the history ends.
    pub violation: Option<Violation>,
}

/// Runs the history of a plan.
pub(super) fn run(plan: &Plan, mutant: Option<Mutant>) -> Outcome {
    World::new(plan, mutant).run().0
}

/// Runs the history of a plan and writes it down.
pub(super) fn record(plan: &Plan, mutant: Option<Mutant>) -> History {
    let (_, history) = World::new(plan, mutant).recorded().run();
    history.unwrap_or_default()
}

impl World<'_> {
    /// Lets everything happen, up to the first violation.
    fn run(mut self) -> (Outcome, Option<History>) {
        while self.violation.is_none() {
            let Some((at, event)) = self.queue.pop().filter(|(at, _)| *at < self.plan.ends_at)
            else {
                self.pass(self.plan.ends_at);
                break;
            };
            self.pass(at);
            if self.violation.is_none() {
                self.coverage.events += 1;
                self.take(event);
            }
        }
        self.coverage.histories = 1;
        if let (Some(history), Some(violation)) = (&mut self.history, &self.violation) {
            history.note(violation.at, "VIOLATION", violation);
        }
        let outcome = Outcome {
            coverage: self.coverage,
            violation: self.violation,
        };
        (outcome, self.history)
    }

    /// Time passes with everything as it is, and the properties hold all the while.
    fn pass(&mut self, until: Instant) {
        let passed = until.since(self.now);
        self.now = until;
        self.check_pages(passed);
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Begins { step } => self.begin_step(step),
            Event::Over { step } => self.end_step(step),
            Event::Works { step, time } => self.work(step, time),
            Event::Timer {
                place,
                serial,
                number,
            } => self.fire_timer(place, serial, number),
            Event::Arrives(trip) => self.arrive(trip),
            Event::Served(trip) => self.serve(trip),
            Event::Answered(trip) => self.answer(trip),
            Event::TimesOut { exchange } => self.time_out(exchange),
            Event::Message {
                post,
                place,
                serial,
            } => self.deliver(post, place, serial),
            Event::Lead { place, serial } => self.lead(place, serial),
        }
    }
}
