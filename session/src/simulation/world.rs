//! The state of a simulation.

use std::{fmt, time::Duration};

use super::{
    coverage::{Coverage, Happening},
    event::{Event, SentMessage},
    exchange::Exchange,
    history::History,
    ledger::Ledger,
    machine::Machine,
    mutant::Mutant,
    network::NetworkQuality,
    plan::{Place, Plan, start},
    properties::{Property, Violation},
    queue::Queue,
    random::{Decision, rng},
    server::Server,
    tab::Effect,
};
use crate::{Instant, whole_millis};

pub(super) struct World<'a> {
    pub(super) plan: &'a Plan,
    pub(super) mutant: Option<Mutant>,
    /// The true time, which is that of the server.
    pub(super) now: Instant,
    pub(super) queue: Queue,
    pub(super) server: Server,
    pub(super) machines: Vec<Machine>,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) sent_messages: Vec<SentMessage>,
    /// The steps during which the network is worse, with its quality.
    pub(super) storms: Vec<(usize, NetworkQuality)>,
    /// The step during which the server is down.
    pub(super) down_by: Option<usize>,
    /// The steps during which the store does not work.
    pub(super) store_fails_by: Vec<usize>,
    /// Since when the server and its store have been working, or when they last began to.
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
            queue.push(planned.at, Event::StepBegins { step });
        }
        Self {
            plan,
            mutant,
            now: start(),
            queue,
            server: Server::new(plan.policy, plan.seed, mutant),
            machines: plan.machines.iter().map(Machine::new).collect(),
            exchanges: Vec::new(),
            sent_messages: Vec::new(),
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

    /// Records the history of this simulation as text.
    pub(super) fn recorded(self) -> Self {
        Self {
            history: Some(History::of(self.plan)),
            ..self
        }
    }

    /// Records a violation, with which the history ends.
    pub(super) fn report_violation(&mut self, property: Property, detail: impl FnOnce() -> String) {
        let at = self.now;
        self.violation.get_or_insert_with(|| Violation {
            property,
            at,
            detail: detail(),
        });
    }

    /// Postpones an event of a sleeping machine, or of a page that is frozen or in the cache.
    /// Returns whether the event was postponed.
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
        match page.filter(|page| Some(page.serial) == serial && page.dormancy.is_some()) {
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

    /// A random duration up to `longest`.
    pub(super) fn chance(&self, decision: Decision, place: Place, longest: Duration) -> Duration {
        let of = [
            place.machine as u64,
            place.tab as u64,
            self.now.as_millis().unsigned_abs(),
        ];
        let longest = whole_millis(longest);
        Duration::from_millis(rng(self.plan.seed, decision, of).u64(..=longest))
    }

    /// Counts an event, and adds it to the history if that is recorded.
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

    /// The list of effects is reused, so that none is allocated for each event.
    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub(super) fn give_effects_back(&mut self, mut effects: Vec<Effect>) {
        effects.clear();
        self.effects = effects;
    }
}
