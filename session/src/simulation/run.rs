//! Runs a simulation, event by event.

use super::{
    coverage::Coverage, event::Event, history::History, mutant::Mutant, plan::Plan,
    properties::Violation, world::World,
};
use crate::Instant;

/// The result of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The counts of what happened.
    pub coverage: Coverage,
    /// The first violation, at which the history ends.
    pub violation: Option<Violation>,
}

/// Runs the history of a plan.
pub(super) fn run(plan: &Plan, mutant: Option<Mutant>) -> Outcome {
    World::new(plan, mutant).run().0
}

/// Runs the history of a plan and returns it as text.
pub(super) fn record(plan: &Plan, mutant: Option<Mutant>) -> History {
    let (_, history) = World::new(plan, mutant).recorded().run();
    history.unwrap_or_default()
}

impl World<'_> {
    /// Handles all events until the end of the plan or the first violation.
    fn run(mut self) -> (Outcome, Option<History>) {
        while self.violation.is_none() {
            let Some((at, event)) = self.queue.pop().filter(|(at, _)| *at < self.plan.ends_at)
            else {
                self.advance_to(self.plan.ends_at);
                break;
            };
            self.advance_to(at);
            if self.violation.is_none() {
                self.coverage.events += 1;
                self.handle_event(event);
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

    /// Advances the time while nothing changes, and checks the properties.
    fn advance_to(&mut self, until: Instant) {
        let passed = until.since(self.now);
        self.now = until;
        self.check_pages(passed);
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            Event::StepBegins { step } => self.begin_step(step),
            Event::StepEnds { step } => self.end_step(step),
            Event::UserActs { step, time } => self.act_repeatedly(step, time),
            Event::Timer {
                place,
                serial,
                number,
            } => self.fire_timer(place, serial, number),
            Event::Arrives(transmission) => self.arrive(transmission),
            Event::Served(transmission) => self.serve(transmission),
            Event::Answered(transmission) => self.answer(transmission),
            Event::TimesOut { exchange } => self.time_out(exchange),
            Event::Message {
                sent_message,
                place,
                serial,
            } => self.deliver(sent_message, place, serial),
            Event::Lead { place, serial } => self.lead(place, serial),
        }
    }
}
