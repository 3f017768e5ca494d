//! One world: what is in it.

use std::{fmt, time::Duration};

use super::{
    coverage::{Coverage, Happening},
    dice::{Decision, dice},
    event::{Event, Post},
    exchange::Exchange,
    history::History,
    ledger::Ledger,
    machine::Machine,
    mutant::Mutant,
    network::Weather,
    plan::{Place, Plan, start},
    properties::{Property, Violation},
    queue::Queue,
    server::Server,
    tab::Effect,
};
use crate::{Instant, whole_millis};

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
    /// Since when the server has run with a store that works, or since it last did not.
    pub(super) served_since: Instant,
    pub(super) pages_begun: usize,
    pub(super) ledger: Ledger,
    pub(super) coverage: Coverage,
    pub(super) violation: Option<Violation>,
    pub(super) history: Option<History>,
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
            server: Server::new(plan.policy, plan.seed, mutant),
            machines: plan.machines.iter().map(Machine::new).collect(),
            exchanges: Vec::new(),
            posts: Vec::new(),
            storms: Vec::new(),
            down_by: None,
            store_fails_by: Vec::new(),
            served_since: start(),
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
