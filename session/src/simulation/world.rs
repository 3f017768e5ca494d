//! One world: what is in it, and how it goes from event to event.

use std::{fmt, time::Duration};

use super::{
    Coverage, Happening, History, Mutant, Outcome, Property, Violation,
    dice::{Decision, dice},
    generate::start,
    ledger::Ledger,
    machine::Machine,
    network::Weather,
    plan::{Place, Plan},
    queue::Queue,
    server::Server,
    tab::Effect,
    traffic::{Exchange, Trip},
};
use crate::{Instant, Message, whole_millis};

/// Something that happens at an instant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// A step of the plan begins.
    Begins { step: usize },
    /// It is over.
    Over { step: usize },
    /// The user of a step does something, for this time.
    Works { step: usize, time: u64 },
    /// A timer of a page fires.
    Timer {
        place: Place,
        serial: usize,
        number: u32,
    },
    /// A request arrives at the server.
    Arrives(Trip),
    /// The server has done what it asks.
    Served(Trip),
    /// The answer arrives at the browser, or the news that there will be none.
    Answered(Trip),
    /// The browser waits no longer.
    TimesOut { exchange: usize },
    /// A message arrives at a page.
    Message {
        post: usize,
        place: Place,
        serial: usize,
    },
    /// A page gets the lock.
    Lead { place: Place, serial: usize },
}

/// A message between tabs, with what the wall clock showed when it was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Post {
    pub(super) message: Message,
    pub(super) stamp_ms: i64,
    /// The activity that it may tell of.
    pub(super) active_at: Option<Instant>,
}

pub(super) struct World<'a> {
    pub(super) plan: &'a Plan,
    pub(super) mutant: Option<Mutant>,
    /// The true time, which is the server's.
    pub(super) now: Instant,
    pub(super) queue: Queue,
    pub(super) server: Server,
    pub(super) machines: Vec<Machine>,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) posts: Vec<Post>,
    /// The steps that make the network worse, with what they make of it.
    pub(super) storms: Vec<(usize, Weather)>,
    /// The step that keeps the server down.
    pub(super) down_by: Option<usize>,
    /// The steps that keep the store from working.
    pub(super) store_fails_by: Vec<usize>,
    pub(super) pages_begun: usize,
    pub(super) ledger: Ledger,
    pub(super) coverage: Coverage,
    pub(super) violation: Option<Violation>,
    history: Option<History>,
    effects: Vec<Effect>,
}

impl<'a> World<'a> {
    pub(super) fn new(plan: &'a Plan, mutant: Option<Mutant>) -> Self {
        let mut queue = Queue::default();
        for (step, planned) in plan.steps.iter().enumerate() {
            queue.push(planned.at, Event::Begins { step });
        }
        Self {
            plan,
            mutant,
            now: start(),
            queue,
            server: Server::new(plan.policy, mutant),
            machines: plan.machines.iter().map(Machine::new).collect(),
            exchanges: Vec::new(),
            posts: Vec::new(),
            storms: Vec::new(),
            down_by: None,
            store_fails_by: Vec::new(),
            pages_begun: 0,
            ledger: Ledger::default(),
            coverage: Coverage::default(),
            violation: None,
            history: None,
            effects: Vec::new(),
        }
    }

    /// The same world, with what happens in it written down.
    pub(super) fn recorded(self) -> Self {
        Self {
            history: Some(History::of(self.plan)),
            ..self
        }
    }

    /// Lets everything happen, up to the first violation.
    pub(super) fn run(mut self) -> (Outcome, Option<History>) {
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

    /// A property does not hold. The history ends at the first that does not.
    pub(super) fn find(&mut self, property: Property, detail: impl FnOnce() -> String) {
        let at = self.now;
        self.violation.get_or_insert_with(|| Violation {
            property,
            at,
            detail: detail(),
        });
    }

    /// Nothing happens to a machine that sleeps, nor to a page that is stowed: it waits until then.
    /// Tells whether it does.
    pub(super) fn is_postponed(
        &mut self,
        place: Place,
        serial: Option<usize>,
        event: Event,
    ) -> bool {
        let machine = &mut self.machines[place.machine];
        if !machine.is_awake() {
            machine.waiting.push(event);
            return true;
        }
        let page = machine.tabs[place.tab].page_mut();
        match page.filter(|page| Some(page.serial) == serial && page.stowed.is_some()) {
            Some(page) => {
                page.waiting.push(event);
                true
            }
            None => false,
        }
    }

    pub(super) fn push_in(&mut self, wait: Duration, event: Event) {
        self.queue.push(self.now + wait, event);
    }

    /// Up to `longest`, by chance.
    pub(super) fn chance(&self, decision: Decision, place: Place, longest: Duration) -> Duration {
        let of = [
            place.machine as u64,
            place.tab as u64,
            self.now.as_millis().unsigned_abs(),
        ];
        let longest = whole_millis(longest);
        Duration::from_millis(dice(self.plan.seed, decision, of).u64(..=longest))
    }

    /// Counts what happens, and writes it down if somebody is going to read it.
    pub(super) fn note(&mut self, happening: Happening, who: impl fmt::Display, what: &str) {
        self.coverage.note(happening);
        self.write(who, || what);
    }

    pub(super) fn write<T: fmt::Display>(
        &mut self,
        who: impl fmt::Display,
        what: impl FnOnce() -> T,
    ) {
        if let Some(history) = &mut self.history {
            history.note(self.now, who, what());
        }
    }

    /// Keeps one list of effects, so that none is allocated for each event.
    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub(super) fn give_effects_back(&mut self, mut effects: Vec<Effect>) {
        effects.clear();
        self.effects = effects;
    }
}
