//! Whole histories of browsers and a server, made from seeds and checked at every step.
//!
//! The monitors, the policy, the lifetimes and the coalescing of touches are the real ones.
//! What is around them is simulated: a network with delay, loss, reordering and duplication;
//! machines whose clocks are wrong, drift, step and stop; browsers that throttle, freeze, discard
//! and restore tabs; a server that crashes and a store that fails; people who work, leave, sign out
//! and in again as somebody else.
//!
//! A seed determines its history to the last millisecond. A history that violates a property is
//! cut down to the shortest that still does.

mod arrivals;
mod bounds;
mod call;
mod clock;
mod coverage;
mod deeds;
mod dice;
mod event;
mod exchange;
mod generate;
mod history;
mod ledger;
mod machine;
mod maintenance;
mod moment;
mod mutant;
mod network;
mod outcomes;
mod page_checks;
mod pages;
mod plan;
mod properties;
mod queue;
mod requests;
mod run;
mod server;
mod server_checks;
mod shrink;
mod steps;
mod store;
mod tab;
mod user;
mod world;

#[cfg(test)]
mod tests;

use self::plan::Plan;
pub use self::{
    coverage::{Coverage, Happening},
    history::History,
    mutant::Mutant,
    properties::{Property, Violation},
    run::Outcome,
    shrink::Counterexample,
};

/// Runs the history of a seed, with a rule broken on purpose if a mutant is given.
pub fn run(seed: u64, mutant: Option<Mutant>) -> Outcome {
    run::run(&Plan::from_seed(seed), mutant)
}

/// The history of a seed, line by line.
pub fn history(seed: u64, mutant: Option<Mutant>) -> History {
    run::record(&Plan::from_seed(seed), mutant)
}

/// The shortest history found that violates the same property as that of the seed, if that does.
pub fn counterexample(seed: u64, mutant: Option<Mutant>) -> Option<Counterexample> {
    Counterexample::find(Plan::from_seed(seed), mutant)
}
