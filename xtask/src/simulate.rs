//! Simulates histories of browsers and a server, and searches for one that violates a property.

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Result, bail};
use clap::Args;
use dwell_session::simulation::{self, Counterexample, Coverage, Outcome};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::stopwatch::{Elapsed, Stopwatch};

/// How many histories a core runs before it takes the next ones from the queue.
const BATCH: u64 = 50;

#[derive(Args)]
pub(crate) struct Options {
    /// How many histories to run, one for each seed
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    seeds: u64,

    /// The first seed
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    from: u64,

    /// Print the results as JSON
    #[arg(long, conflicts_with = "history")]
    json: bool,

    /// Print the histories themselves, line by line
    #[arg(long)]
    history: bool,
}

/// The results of the simulation.
struct Findings {
    cores: usize,
    coverage: Coverage,
    /// The shortest of the histories that violate a property.
    counterexample: Option<Counterexample>,
    elapsed: Elapsed,
}

pub(crate) fn simulate(options: &Options) -> Result<()> {
    if options.history {
        for seed in options.from..options.from.saturating_add(options.seeds) {
            println!("{}", simulation::history(seed, None));
        }
        return Ok(());
    }
    let findings = find(options);
    if options.json {
        println!("{:#}", findings.to_json(options));
    } else {
        findings.print();
    }
    match findings.counterexample {
        Some(counterexample) => bail!("{}", counterexample.violation),
        None => Ok(()),
    }
}

fn find(options: &Options) -> Findings {
    let stopwatch = Stopwatch::start();
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let progress = progress_bar(options);
    let queue = Queue {
        next: AtomicU64::new(options.from),
        end: options.from.saturating_add(options.seeds),
    };
    let shares: Vec<Share> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores)
            .map(|_| scope.spawn(|| Share::run(&queue, &progress)))
            .collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .collect()
    });
    let elapsed = stopwatch.elapsed();
    progress.finish_and_clear();

    let mut coverage = Coverage::default();
    shares
        .iter()
        .for_each(|share| coverage.add(&share.coverage));
    let seeds = shares.iter().filter_map(|share| share.violated_by);
    let counterexample = seeds
        .filter_map(|seed| simulation::counterexample(seed, None))
        .min_by_key(|counterexample| counterexample.history.lines().len());
    Findings {
        cores,
        coverage,
        counterexample,
        elapsed,
    }
}

fn progress_bar(options: &Options) -> ProgressBar {
    let progress = ProgressBar::new(options.seeds);
    match ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} histories, {eta} left")
    {
        Ok(style) => progress.with_style(style),
        Err(_) => progress,
    }
}

/// The seeds that have not been run yet.
struct Queue {
    next: AtomicU64,
    end: u64,
}

impl Queue {
    fn take(&self) -> impl Iterator<Item = u64> {
        let from = self.next.fetch_add(BATCH, Ordering::Relaxed);
        from..from.saturating_add(BATCH).min(self.end)
    }

    fn close(&self) {
        self.next.fetch_max(self.end, Ordering::Relaxed);
    }
}

/// The results of one core.
#[derive(Default)]
struct Share {
    coverage: Coverage,
    violated_by: Option<u64>,
}

impl Share {
    /// Runs batches of histories until none is left, or one violates a property.
    fn run(queue: &Queue, progress: &ProgressBar) -> Self {
        let mut share = Self::default();
        loop {
            let mut count = 0;
            for seed in queue.take() {
                let Outcome {
                    coverage,
                    violation,
                } = simulation::run(seed, None);
                share.coverage.add(&coverage);
                count += 1;
                if violation.is_some() {
                    share.violated_by = Some(seed);
                    queue.close();
                    return share;
                }
            }
            if count == 0 {
                return share;
            }
            progress.inc(count);
        }
    }
}

impl Findings {
    fn print(&self) {
        for (happening, count) in self.coverage.counts() {
            println!("{count:>12}  {}", happening.label());
        }
        let Coverage {
            histories, events, ..
        } = self.coverage;
        println!(
            "\n{histories} histories, {events} events, in {}",
            self.elapsed
        );
        println!(
            "{:.0} tab-hours, {:.0} of them watched by a user",
            self.coverage.tab_hours(),
            self.coverage.watched_hours()
        );
        println!(
            "{:.0} tab-hours per second on {} cores",
            self.tab_hours_per_second(),
            self.cores
        );
        match &self.counterexample {
            None => println!("Every property held."),
            Some(counterexample) => println!("\n{counterexample}"),
        }
    }

    fn to_json(&self, options: &Options) -> Value {
        let happened = self
            .coverage
            .counts()
            .map(|(happening, count)| json!({ "what": happening.label(), "count": count }));
        let violation = self.counterexample.as_ref().map(|counterexample| {
            json!({
                "property": counterexample.violation.property.name(),
                "detail": counterexample.violation.detail,
                "seed": counterexample.seed,
                "steps": counterexample.steps,
                "history": counterexample.history.lines(),
            })
        });
        json!({
            "from": options.from,
            "histories": self.coverage.histories,
            "events": self.coverage.events,
            "tab_hours": self.coverage.tab_hours(),
            "watched_tab_hours": self.coverage.watched_hours(),
            "seconds": self.elapsed.as_secs_f64(),
            "cores": self.cores,
            "tab_hours_per_second": self.tab_hours_per_second(),
            "happened": happened.collect::<Vec<_>>(),
            "violation": violation,
        })
    }

    fn tab_hours_per_second(&self) -> f64 {
        self.coverage.tab_hours() / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_is_run_once_however_many_cores_share_them() {
        let options = Options {
            seeds: 2 * BATCH + 7,
            from: 3,
            json: false,
            history: false,
        };
        let findings = find(&options);
        assert_eq!(findings.coverage.histories, options.seeds);
        assert!(findings.counterexample.is_none());
    }
}
