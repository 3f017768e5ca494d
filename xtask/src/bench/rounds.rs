//! Measures in rounds in which every subject has its turn, so that a slow machine affects all of
//! them.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::load::{CONNECTIONS, Call, Outcome, comparable};
use super::spread::Spread;
use super::subjects::{Kind, Subject};
use crate::step::step;

/// How many measurements are made, and how long each takes.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    /// How many turns Dwell and bare axum have in each round. The peers have one.
    pub(crate) turns: usize,
    /// How long each subject is measured in each turn, in seconds.
    pub(crate) seconds: u32,
    /// How many of a million sessions are served before the memory is measured.
    pub(crate) seen: u32,
}

/// The results of one subject. Ratios are to bare axum on the same number of nodes in the same
/// turn.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The number of turns in which it can be compared.
    compared: usize,
    pub(crate) per_second: Spread,
    pub(crate) ratio: Spread,
    pub(crate) p50_ms: Spread,
    pub(crate) p99_ms: Spread,
    pub(crate) p99_ratio: Spread,
}

/// Measures the subjects in turn. The others are compared with those of the kind [`Kind::Bare`].
pub(crate) fn measure(
    what: &str,
    subjects: &[&Subject],
    call: Call,
    effort: Effort,
) -> Result<Vec<Measured>> {
    let mut turns = Vec::new();
    for number in 1..=effort.rounds {
        let label = format!("{what}, round {number} of {}", effort.rounds);
        step(&label, || {
            for turn in 1..=effort.turns {
                turns.push(take_turn(subjects, turn == 1, call, effort.seconds)?);
            }
            Ok(())
        })?;
    }
    subjects
        .iter()
        .enumerate()
        .map(|(index, subject)| {
            let base =
                base(subject, subjects).context("bare axum was not measured with as many nodes")?;
            let pairs = turns
                .iter()
                .filter_map(|turn| Some((turn[index]?, turn[base]?)));
            Ok(Measured::of(subject, pairs.collect()))
        })
        .collect()
}

/// Measures every subject once, but the peers only if `with_peers`.
fn take_turn(
    subjects: &[&Subject],
    with_peers: bool,
    call: Call,
    seconds: u32,
) -> Result<Vec<Option<Outcome>>> {
    let mut outcomes = Vec::new();
    for subject in subjects {
        outcomes.push(match with_peers || subject.kind != Kind::Peer {
            true => {
                let outcome = subject.measure(call, seconds)?;
                println!("    {:<32} {outcome}", subject.name);
                Some(outcome)
            }
            false => None,
        });
    }
    Ok(outcomes)
}

/// The subject of the kind [`Kind::Bare`] with as many nodes.
fn base(subject: &Subject, subjects: &[&Subject]) -> Option<usize> {
    let nodes = subject.nodes().len();
    subjects
        .iter()
        .position(|other| other.kind == Kind::Bare && other.nodes().len() == nodes)
}

impl Measured {
    fn of(subject: &Subject, turns: Vec<(Outcome, Outcome)>) -> Self {
        let of_all = |of: fn(&Outcome) -> f64| Spread::of(turns.iter().map(|(one, _)| of(one)));
        let (per_second, p50_ms, p99_ms) = (
            of_all(|outcome| outcome.per_second),
            of_all(|outcome| outcome.p50_ms),
            of_all(|outcome| outcome.p99_ms),
        );
        let compared = comparable(turns);
        let ratio = |of: fn(&Outcome) -> f64| {
            Spread::of(compared.iter().map(|(one, base)| of(one) / of(base)))
        };
        Self {
            name: subject.name.clone(),
            kind: subject.kind,
            compared: compared.len(),
            per_second,
            ratio: ratio(|outcome| outcome.per_second),
            p50_ms,
            p99_ms,
            p99_ratio: ratio(|outcome| outcome.p99_ms),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "subject": self.name,
            "kind": self.kind.name(),
            "compared_turns": self.compared,
            "requests_per_second": self.per_second.to_json(),
            "ratio": self.ratio.to_json(),
            "p50_ms": self.p50_ms.to_json(),
            "p99_ms": self.p99_ms.to_json(),
            "p99_ratio": self.p99_ratio.to_json(),
        })
    }
}

impl Effort {
    pub(crate) fn to_json(self) -> Value {
        json!({
            "connections": CONNECTIONS,
            "rounds": self.rounds,
            "turns": self.turns,
            "seconds": self.seconds,
        })
    }
}
