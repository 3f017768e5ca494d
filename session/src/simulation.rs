//! Whole histories of browsers and a server, made from seeds and checked at every step.
//!
//! The monitors, the policy and the lifetimes are the real ones.
//! What is around them is simulated: a network with delay, loss, reordering and duplication;
//! machines whose clocks are wrong, drift, step and stop; browsers that throttle, freeze, discard
//! and restore tabs; a server that crashes and a store that fails; people who work, leave, sign out
//! and in again as somebody else.
//!
//! A seed determines its history to the last millisecond. A history that violates a property is
//! cut down to the shortest that still does.

mod bounds;
mod call;
mod clock;
mod coverage;
mod dice;
mod generate;
mod history;
mod ledger;
mod machine;
mod mutant;
mod network;
mod outcomes;
mod page_checks;
mod pages;
mod plan;
mod properties;
mod queue;
mod server;
mod server_checks;
mod shrink;
mod steps;
mod store;
mod tab;
mod traffic;
mod user;
mod world;

#[cfg(test)]
mod tests;

pub use self::{
    coverage::{Coverage, Happening},
    history::History,
    mutant::Mutant,
    properties::{Property, Violation},
    shrink::Counterexample,
};
use self::{plan::Plan, world::World};

/// What came of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What happened in it.
    pub coverage: Coverage,
    /// The first property that did not hold, at which the history ends.
    pub violation: Option<Violation>,
}

/// Runs the history of a seed, with a rule broken on purpose if a mutant is given.
pub fn run(seed: u64, mutant: Option<Mutant>) -> Outcome {
    let plan = Plan::from_seed(seed);
    World::new(&plan, mutant).run().0
}

/// The history of a seed, line by line.
pub fn history(seed: u64, mutant: Option<Mutant>) -> History {
    let plan = Plan::from_seed(seed);
    record(&plan, mutant)
}

/// The shortest history found that violates the same property as that of the seed, if that does.
pub fn counterexample(seed: u64, mutant: Option<Mutant>) -> Option<Counterexample> {
    Counterexample::find(Plan::from_seed(seed), mutant)
}

fn record(plan: &Plan, mutant: Option<Mutant>) -> History {
    let (_, history) = World::new(plan, mutant).recorded().run();
    history.unwrap_or_default()
}
