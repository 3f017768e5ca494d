//! Simulates browsers and a server from a seed, and checks the properties of the design after every
//! step.
//!
//! The monitors, the policy, the lifetimes and the coalescing of touches are the real code.
//! Everything around them is simulated: a network with delay, loss, reordering and duplication;
//! machines whose clocks are wrong, drift, are set or stop; browsers that throttle, freeze, discard
//! and restore tabs; a server that crashes and a store that fails; and users who work, leave, sign
//! out and sign in again as somebody else.
//!
//! A history is what happens in one simulation. A seed determines it completely, to the
//! millisecond. If a property is violated, [`counterexample`] finds a short history that still
//! violates it.

mod arrivals;
mod bounds;
mod call;
mod clock;
mod coverage;
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
mod random;
mod requests;
mod run;
mod server;
mod server_checks;
mod shrink;
mod steps;
mod store;
mod store_events;
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

/// Runs the history of a seed. If a mutant is given, it breaks one rule on purpose.
pub fn run(seed: u64, mutant: Option<Mutant>) -> Outcome {
    run::run(&Plan::from_seed(seed), mutant)
}

/// Runs the history of a seed and returns it as text, one line for each event.
pub fn history(seed: u64, mutant: Option<Mutant>) -> History {
    run::record(&Plan::from_seed(seed), mutant)
}

/// Runs the history of a seed and, if it violates a property, returns the shortest history that was
/// found to violate the same property.
pub fn counterexample(seed: u64, mutant: Option<Mutant>) -> Option<Counterexample> {
    Counterexample::find(Plan::from_seed(seed), mutant)
}
