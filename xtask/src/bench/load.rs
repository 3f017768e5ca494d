//! Generates load with wrk.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZero;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::available_parallelism;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::{
    cores::Distance,
    http::{BY_SCRIPT, BY_USER},
};
use crate::process::{command, shown};
use crate::workspace;

/// How many connections are open at a time, to all nodes together.
pub(crate) const CONNECTIONS: usize = 32;
/// How long requests are sent before the measurement, in seconds. At first, the touches of many
/// people who return after a pause have to be written.
pub(crate) const WARM_UP: u32 = 1;

/// The request that is sent repeatedly.
#[derive(Clone, Copy)]
pub(crate) enum Call {
    /// The page, opened by a person, which extends the session.
    Page,
    /// The page, fetched by a script, which does not extend the session.
    PassivePage,
    /// A keep-alive.
    KeepAlive,
}

/// A node and the file with the sessions that are used on it.
pub(crate) struct Target<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) sessions: &'a Path,
    /// How many sessions at the beginning of the file are skipped.
    pub(crate) skip: u64,
}

/// The result of one measurement.
#[derive(Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) answers: u64,
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// The mean length of an answer.
    bytes: f64,
    /// The distance of the processors before and after the measurement.
    cores: Distance,
}

/// The number of pairs that is needed for a meaningful median.
const MIN_PAIRS: usize = 10;

/// The pairs during which the distance of the processors was steady, or all pairs if these are too
/// few.
pub(crate) fn comparable(pairs: Vec<(Outcome, Outcome)>) -> Vec<(Outcome, Outcome)> {
    let is_comparable = |(one, other): &&(Outcome, Outcome)| one.cores.and(other.cores).is_steady();
    let comparable: Vec<_> = pairs.iter().filter(is_comparable).copied().collect();
    match comparable.len() < MIN_PAIRS {
        true => pairs,
        false => comparable,
    }
}

/// Does the same as [`load`] after a warm-up, which is not measured.
pub(crate) fn steady_load(targets: &[Target], call: Call, seconds: u32) -> Result<Outcome> {
    load(targets, call, WARM_UP)?;
    load(targets, call, seconds)
}

/// Loads all targets at the same time; they share the connections. An answer that is not the
/// expected one is an error.
pub(crate) fn load(targets: &[Target], call: Call, seconds: u32) -> Result<Outcome> {
    let connections = CONNECTIONS / targets.len().max(1);
    let threads = threads(call, targets.len());
    let cores = Distance::now();
    let mut loads = Vec::new();
    for target in targets {
        let mut wrk = wrk(target, call, seconds, connections, threads);
        let child = wrk.spawn().context("starting wrk")?;
        loads.push((wrk, child));
    }
    let outcomes = loads
        .into_iter()
        .map(|(wrk, child)| outcome(&wrk, child))
        .collect::<Result<Vec<_>>>()?;
    Ok(Outcome {
        cores: cores.and(Distance::now()),
        ..combined(&outcomes)
    })
}

/// The number of wrk's threads for each node. Together they use all processors.
fn threads(call: Call, nodes: usize) -> usize {
    match call {
        Call::Page | Call::KeepAlive => {
            let processors = available_parallelism().map_or(1, NonZero::get);
            (processors / nodes.max(1)).clamp(1, CONNECTIONS / nodes.max(1))
        }
        // With several threads, the sessions would not be used one after the other.
        Call::PassivePage => 1,
    }
}

fn wrk(target: &Target, call: Call, seconds: u32, connections: usize, threads: usize) -> Command {
    let mut wrk = command("setpriv");
    wrk.args(["--pdeathsig", "TERM", "--", "wrk"])
        .args(["--threads", &threads.to_string(), "--timeout", "10s"])
        .args(["--connections", &connections.to_string()])
        .args(["--duration", &format!("{seconds}s")])
        .arg("--script")
        .arg(workspace::benches().join("load/load.lua"))
        .arg(format!("http://{}", target.address))
        .env("BENCH_SESSIONS", target.sessions)
        .env("BENCH_SKIP", target.skip.to_string())
        .env("BENCH_THREADS", threads.to_string())
        .env("BENCH_METHOD", call.method())
        .env("BENCH_PATH", call.path())
        .env("BENCH_HEADERS", call.headers())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(body) = call.body() {
        wrk.env("BENCH_BODY", body);
    }
    wrk
}

fn outcome(wrk: &Command, child: Child) -> Result<Outcome> {
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` ended with {}\n{complaint}", shown(wrk), output.status);
    }
    let line = said.lines().find(|line| line.starts_with('{'));
    Outcome::parse(line.with_context(|| format!("wrk printed no figures:\n{said}"))?)
}

fn combined(outcomes: &[Outcome]) -> Outcome {
    let max = |of: fn(&Outcome) -> f64| outcomes.iter().map(of).fold(0.0, f64::max);
    let answers = outcomes.iter().map(|outcome| outcome.answers).sum();
    Outcome {
        answers,
        per_second: outcomes.iter().map(|outcome| outcome.per_second).sum(),
        p50_ms: max(|outcome| outcome.p50_ms),
        p99_ms: max(|outcome| outcome.p99_ms),
        bytes: max(|outcome| outcome.bytes),
        cores: Distance::default(),
    }
}

impl Call {
    fn method(self) -> &'static str {
        match self {
            Self::Page | Self::PassivePage => "GET",
            Self::KeepAlive => "POST",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Page | Self::PassivePage => "/page",
            Self::KeepAlive => "/api/session/keep-alive",
        }
    }

    /// The headers that a browser sends with it, one a line.
    fn headers(self) -> &'static str {
        match self {
            Self::Page => BY_USER,
            Self::PassivePage | Self::KeepAlive => BY_SCRIPT,
        }
    }

    fn body(self) -> Option<&'static str> {
        match self {
            Self::Page | Self::PassivePage => None,
            Self::KeepAlive => Some(r#"{"idle_for_ms":0}"#),
        }
    }
}

impl Outcome {
    fn parse(line: &str) -> Result<Self> {
        let figures: Value = serde_json::from_str(line)?;
        let figure = |name: &str| {
            figures[name]
                .as_f64()
                .with_context(|| format!("wrk printed no {name}: {line}"))
        };
        let answers = figures["requests"].as_u64().unwrap_or_default();
        let (refused, broken) = (figure("refused")?, figure("broken")?);
        ensure!(
            answers > 0 && refused == 0.0 && broken == 0.0,
            "this round is invalid: {refused} of {answers} answers were refusals, and {broken} \
             connections failed or timed out"
        );
        Ok(Self {
            answers,
            per_second: figure("requests")? / figure("seconds")?,
            p50_ms: figure("p50_ms")?,
            p99_ms: figure("p99_ms")?,
            bytes: figure("bytes")? / figure("requests")?,
            cores: Distance::default(),
        })
    }

    /// Checks the length of the answers: wrk counts a redirect as a success, but it is shorter than
    /// a page.
    pub(crate) fn must_be_pages(&self, sizes: &RangeInclusive<usize>) -> Result<()> {
        #[expect(clippy::cast_precision_loss, reason = "a page has some hundred bytes")]
        let (min, max) = (*sizes.start() as f64, *sizes.end() as f64);
        ensure!(
            (min * 0.995..=max * 1.005).contains(&self.bytes),
            "this round is invalid: the mean size of the answers is {:.1} bytes, and a page has {sizes:?}",
            self.bytes
        );
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            per_second,
            p50_ms,
            p99_ms,
            ..
        } = self;
        write!(
            f,
            "{per_second:>8.0}/s  p50 {p50_ms:.2} ms  p99 {p99_ms:.2} ms"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"requests":200,"bytes":80000,"seconds":2.0,"p50_ms":0.5,"p99_ms":1.5,"refused":0,"broken":0}"#;

    #[test]
    fn the_line_of_wrk_is_read() {
        let outcome = Outcome::parse(LINE).unwrap();

        assert_eq!(outcome.answers, 200);
        assert!((outcome.per_second - 100.0).abs() < 1e-9);
        assert!((outcome.p99_ms - 1.5).abs() < 1e-9);
    }

    #[test]
    fn a_round_with_a_refusal_or_a_failed_connection_is_invalid() {
        for error in ["refused", "broken"] {
            let line = LINE.replace(&format!("{error}\":0"), &format!("{error}\":1"));
            assert!(Outcome::parse(&line).is_err(), "{error}");
        }
        assert!(Outcome::parse(&LINE.replace("200", "0")).is_err());
    }

    #[test]
    fn a_round_with_answers_of_another_size_is_invalid() {
        let outcome = Outcome::parse(LINE).unwrap();

        assert!(outcome.must_be_pages(&(400..=400)).is_ok());
        assert!(outcome.must_be_pages(&(410..=420)).is_err());
        assert!(outcome.must_be_pages(&(380..=390)).is_err());
    }

    #[test]
    fn pairs_with_an_unsteady_distance_are_left_out_unless_too_few_remain() {
        let at = |cores| Outcome {
            cores,
            ..Outcome::parse(LINE).unwrap()
        };
        let (near, far) = (Distance::of(80.0), Distance::of(400.0));
        let alike = [(at(near), at(near)), (at(far), at(far))];
        let moved = [(at(near), at(far)), (at(near), at(near.and(far)))];

        let enough = [[alike; 5], [moved; 5]].concat().concat();
        let too_few = [[alike; 4], [moved; 4]].concat().concat();
        assert_eq!(comparable(enough).len(), 10);
        assert_eq!(comparable(too_few).len(), 16);
    }

    #[test]
    fn the_throughput_of_nodes_is_added_and_the_latency_is_that_of_the_slower() {
        let slow = LINE.replace("1.5", "9.5");
        let both = [LINE, &slow].map(|line| Outcome::parse(line).unwrap());

        let outcome = combined(&both);

        assert!((outcome.per_second - 200.0).abs() < 1e-9);
        assert!((outcome.p99_ms - 9.5).abs() < 1e-9);
    }
}
