//! Shrinks a plan that violates a property.

use std::{fmt, time::Duration};

use super::{
    history::History,
    mutant::Mutant,
    plan::Plan,
    properties::Violation,
    run::{record, run},
};

/// Only steps that last at least this long are halved.
const SHORTEST: Duration = Duration::from_millis(200);

/// The shortest history that was found to violate a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// The seed of the original history.
    pub seed: u64,
    /// The violation.
    pub violation: Violation,
    /// The remaining steps of the plan, as text.
    pub steps: Vec<String>,
    /// The history as text.
    pub history: History,
}

impl Counterexample {
    pub(super) fn find(plan: Plan, mutant: Option<Mutant>) -> Option<Self> {
        let mut shrinking = Shrinking::begin(plan, mutant)?;
        while shrinking.cut_off() | shrinking.drop_steps() | shrinking.shorten_steps() {}
        let Shrinking {
            plan, violation, ..
        } = shrinking;
        let steps = plan.steps.iter().map(ToString::to_string).collect();
        Some(Self {
            seed: plan.seed,
            violation,
            steps,
            history: record(&plan, mutant),
        })
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.violation)?;
        writeln!(f, "Steps of the plan:")?;
        for step in &self.steps {
            writeln!(f, "  {step}")?;
        }
        write!(f, "\nHistory:\n{}", self.history)
    }
}

/// A plan that violates a property, and is made smaller as long as it does.
struct Shrinking {
    plan: Plan,
    mutant: Option<Mutant>,
    violation: Violation,
}

impl Shrinking {
    fn begin(plan: Plan, mutant: Option<Mutant>) -> Option<Self> {
        Some(Self {
            violation: run(&plan, mutant).violation?,
            plan,
            mutant,
        })
    }

    /// Replaces the plan by `candidate` if that violates the same property.
    fn accept(&mut self, candidate: Plan) -> bool {
        match run(&candidate, self.mutant).violation {
            Some(violation) if violation.property == self.violation.property => {
                self.violation = violation;
                self.plan = candidate;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Removes everything after the violation.
    fn cut_off(&mut self) -> bool {
        let mut candidate = self.plan.clone();
        candidate.ends_at = self.violation.at + Duration::from_millis(1);
        candidate.steps.retain(|step| step.at < candidate.ends_at);
        let is_shorter = candidate.steps.len() < self.plan.steps.len();
        is_shorter && self.accept(candidate)
    }

    /// Removes sequences of steps, first long ones and finally single steps.
    fn drop_steps(&mut self) -> bool {
        let mut has_shrunk = false;
        let mut run = self.plan.steps.len().div_ceil(2);
        while run > 0 {
            let mut from = 0;
            while from < self.plan.steps.len() {
                let mut candidate = self.plan.clone();
                let to = (from + run).min(candidate.steps.len());
                candidate.steps.drain(from..to);
                if self.accept(candidate) {
                    has_shrunk = true;
                } else {
                    from += run;
                }
            }
            run /= 2;
        }
        has_shrunk
    }

    /// Halves the durations of steps.
    fn shorten_steps(&mut self) -> bool {
        let mut has_shrunk = false;
        for step in 0..self.plan.steps.len() {
            while self.may_shorten(step) {
                let mut candidate = self.plan.clone();
                candidate.steps[step].lasts /= 2;
                if !self.accept(candidate) {
                    break;
                }
                has_shrunk = true;
            }
        }
        has_shrunk
    }

    fn may_shorten(&self, step: usize) -> bool {
        let step = self.plan.steps.get(step);
        step.is_some_and(|step| step.has_duration() && step.lasts >= SHORTEST)
    }
}
