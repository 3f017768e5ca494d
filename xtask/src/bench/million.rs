//! Compares Dwell, on SQLite, with a million live sessions and with a thousand.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::iter::repeat;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::load::{CONNECTIONS, Call, Outcome, Target, WARM_UP, comparable, load, steady_load};
use super::rounds::Effort;
use super::session::{self, Session};
use super::spread::Spread;
use super::subjects::{ACTIVE, Environment, Node};
use crate::step::step;
use crate::stopwatch::Stopwatch;

const FEW: u32 = ACTIVE;
const MANY: u32 = 1_000_000;
/// How many sessions expire at the same time.
const SWEPT: u32 = 100_000;
/// How long the sweep may take, in seconds.
const MAX_SWEEP: f64 = 120.0;
/// How long pages of sessions are requested before it is counted how many were, in seconds.
const VISIT: u32 = 5;

/// The results.
pub(crate) struct Million {
    /// The ratio of the throughput with a million sessions to that with a thousand.
    growth: Spread,
    /// How many of the million sessions the process has served.
    seen: u32,
    bytes_per_session: f64,
    /// The time from the start of the process to the first page.
    startup_seconds: f64,
    sweep: Sweep,
}

struct Sweep {
    /// The latency while no session is swept.
    quiet_p99_ms: Spread,
    /// The latency from the instant at which the sessions end.
    p99_ms: Spread,
    /// The ratio of the second to the first.
    p99_ratio: Spread,
    /// The time from their end until all were swept or, if that is later, until the latency had
    /// been measured.
    seconds: f64,
}

/// A database and the sessions in it.
struct Population<'a> {
    environment: &'a Environment<'a>,
    name: &'static str,
    url: String,
    /// The file with all sessions.
    sessions: PathBuf,
    /// The file with the sessions that are used.
    active: PathBuf,
    /// The first session.
    first: Session,
}

pub(crate) fn measure(environment: &Environment, effort: Effort) -> Result<Million> {
    let few = step("Create a thousand sessions", || {
        Population::make(environment, "thousand", FEW)
    })?;
    let many = step("Create a million sessions", || {
        Population::make(environment, "million", MANY)
    })?;
    let (growth, bytes_per_session, startup_seconds) = grow(&few, &many, effort)?;
    Ok(Million {
        growth,
        seen: effort.seen,
        bytes_per_session,
        startup_seconds,
        sweep: sweep(&many, effort)?,
    })
}

fn grow(few: &Population, many: &Population, effort: Effort) -> Result<(Spread, f64, f64)> {
    let (few_node, _) = few.start()?;
    let (many_node, startup_seconds) = step("Start with a million sessions", || many.start())?;
    println!("    served its first page after {startup_seconds:.2} s");
    let seen = effort.seen;
    let bytes_per_session = step(&format!("Request the pages of {seen} sessions"), || {
        few.visit(&few_node, FEW.into())?;
        many.visit(&many_node, seen.into())?;
        let grown = many_node
            .program
            .memory()?
            .saturating_sub(few_node.program.memory()?);
        #[expect(
            clippy::cast_precision_loss,
            reason = "no machine has that much memory"
        )]
        Ok(grown as f64 / f64::from(seen - FEW))
    })?;
    println!("    {bytes_per_session:.0} bytes of memory for each session");
    let mut pairs = Vec::new();
    for number in 1..=effort.rounds {
        let label = format!(
            "A thousand and a million, round {number} of {}",
            effort.rounds
        );
        step(&label, || {
            for _ in 0..effort.turns {
                let of_few = few.measure(&few_node, effort.seconds)?;
                println!("    {:<32} {of_few}", few.name);
                let of_many = many.measure(&many_node, effort.seconds)?;
                println!("    {:<32} {of_many}", many.name);
                pairs.push((of_few, of_many));
            }
            Ok(())
        })?;
    }
    let ratios = comparable(pairs).into_iter();
    let growth = Spread::of(ratios.map(|(few, many)| many.per_second / few.per_second));
    Ok((growth, bytes_per_session, startup_seconds))
}

/// Measures while many sessions expire at the same time.
fn sweep(many: &Population, effort: Effort) -> Result<Sweep> {
    step("Sweep a hundred thousand sessions", || {
        let rounds = u32::try_from(effort.rounds)?;
        let end_in = 15 + rounds * (WARM_UP + effort.seconds);
        let stopwatch = Stopwatch::start();
        many.environment.seed(
            &many.url,
            &[
                "--accounts",
                &ACTIVE.to_string(),
                "--sessions",
                &SWEPT.to_string(),
                "--end-in",
                &end_in.to_string(),
            ],
        )?;
        let (node, _) = many.start()?;
        let quiet = many.watch(&node, "quiet", effort)?;
        let left = f64::from(end_in - WARM_UP) - stopwatch.elapsed().as_secs_f64();
        ensure!(
            left > 0.0,
            "the sessions ended before the measurement of their end could begin"
        );
        sleep(Duration::from_secs_f64(left));
        let sweeping = many.watch(&node, "sweeping", effort)?;
        while many.environment.ended(&many.url)? < u64::from(SWEPT) {
            ensure!(
                stopwatch.elapsed().as_secs_f64() < f64::from(end_in) + MAX_SWEEP,
                "not all sessions are swept after {MAX_SWEEP} s"
            );
            sleep(Duration::from_millis(200));
        }
        let seconds = stopwatch.elapsed().as_secs_f64() - f64::from(end_in);
        println!("    all sessions were swept within {seconds:.1} s of their end");
        let with_each = |outcome: &Outcome| sweeping.clone().into_iter().zip(repeat(*outcome));
        let pairs = comparable(quiet.iter().flat_map(with_each).collect());
        Ok(Sweep {
            quiet_p99_ms: Spread::of(pairs.iter().map(|(_, quiet)| quiet.p99_ms)),
            p99_ms: Spread::of(pairs.iter().map(|(sweeping, _)| sweeping.p99_ms)),
            p99_ratio: Spread::of(
                pairs
                    .iter()
                    .map(|(sweeping, quiet)| sweeping.p99_ms / quiet.p99_ms),
            ),
            seconds,
        })
    })
}

impl<'a> Population<'a> {
    fn make(environment: &'a Environment, name: &'static str, count: u32) -> Result<Self> {
        let url = environment.sqlite(name);
        let sessions = environment.data.join(format!("{name}.sessions"));
        let active = environment.data.join(format!("{name}-active.sessions"));
        environment.seed(
            &url,
            &[
                "--accounts",
                &ACTIVE.to_string(),
                "--sessions",
                &count.to_string(),
                "--cookies",
                &sessions.display().to_string(),
            ],
        )?;
        let lines = first_lines(&sessions, ACTIVE as usize)?;
        fs::write(&active, &lines)?;
        let first = session::read(&lines).into_iter().next();
        Ok(Self {
            environment,
            name,
            url,
            sessions,
            active,
            first: first.context("no session was created")?,
        })
    }

    /// Starts Dwell, and returns after how many seconds it has served the first page.
    fn start(&self) -> Result<(Node, f64)> {
        let stopwatch = Stopwatch::start();
        let node = self.environment.dwell_node(self.name, &self.url, None)?;
        self.page_sizes(&node)?;
        Ok((node, stopwatch.elapsed().as_secs_f64()))
    }

    /// Requests the pages of `count` sessions without touching them, because so many people are
    /// never active within a minute.
    fn visit(&self, node: &Node, count: u64) -> Result<()> {
        let mut visited = 0;
        while visited < count {
            let target = Target {
                address: node.address,
                sessions: &self.sessions,
                skip: visited,
            };
            let outcome = load(&[target], Call::PassivePage, VISIT)?;
            // The answers to the last requests may have been missed.
            visited += outcome.answers.saturating_sub(2 * CONNECTIONS as u64);
        }
        Ok(())
    }

    fn measure(&self, node: &Node, seconds: u32) -> Result<Outcome> {
        let target = Target {
            address: node.address,
            sessions: &self.active,
            skip: 0,
        };
        let outcome = steady_load(&[target], Call::Page, seconds)?;
        outcome.must_be_pages(&self.page_sizes(node)?)?;
        Ok(outcome)
    }

    fn watch(&self, node: &Node, what: &str, effort: Effort) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::new();
        for _ in 0..effort.rounds {
            let outcome = self.measure(node, effort.seconds)?;
            println!("    {what:<32} {outcome}");
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    fn page_sizes(&self, node: &Node) -> Result<RangeInclusive<usize>> {
        let size = self.first.page_size(node.address)?;
        Ok(size..=size)
    }
}

impl Million {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "sessions": MANY,
            "growth_ratio": self.growth.to_json(),
            "seen": self.seen,
            "bytes_per_session": self.bytes_per_session,
            "startup_seconds": self.startup_seconds,
            "sweep": {
                "sessions": SWEPT,
                "quiet_p99_ms": self.sweep.quiet_p99_ms.to_json(),
                "p99_ms": self.sweep.p99_ms.to_json(),
                "p99_ratio": self.sweep.p99_ratio.to_json(),
                "seconds": self.sweep.seconds,
            },
        })
    }

    /// What was measured, the result, and the target.
    pub(crate) fn rows(&self) -> [(String, String, &'static str); 4] {
        [
            (
                "throughput with a million live sessions, as a ratio to that with a thousand".into(),
                self.growth.to_string(),
                "at least 0.95",
            ),
            (
                format!("memory for each of {} sessions that the process has served", self.seen),
                format!("{:.0} bytes", self.bytes_per_session),
                "at most 400",
            ),
            (
                "start with a million sessions on disk, to the first page".into(),
                format!("{:.1} s", self.startup_seconds),
                "within 5 s",
            ),
            (
                "p99 while a hundred thousand sessions are swept, as a ratio to the p99 at a quiet time".into(),
                format!(
                    "{} ({:.2} ms to {:.2} ms)",
                    self.sweep.p99_ratio, self.sweep.p99_ms.median, self.sweep.quiet_p99_ms.median
                ),
                "at most 2",
            ),
        ]
    }
}

fn first_lines(file: &Path, count: usize) -> Result<String> {
    let lines = BufReader::new(File::open(file)?).lines().take(count);
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    Ok(lines.join("\n") + "\n")
}
