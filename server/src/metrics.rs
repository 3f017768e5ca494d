//! What happens on this node, in numbers, since it started.
//!
//! No label names a person or a session.

mod cut;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use dwell::{
    EndReason,
    meter::{Meter, Operation},
};
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Metric, Registry, Unit},
};

use crate::accounts::Lane;

pub use self::cut::Cut;

/// Seconds: an index in memory at one end, the longest wait for an engine by default at the other.
const DURATIONS: [f64; 15] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];

/// One label with its value.
type Label = [(&'static str, &'static str); 1];

/// Counts what happens. Clones count into the same numbers.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Numbers>);

#[derive(Debug)]
struct Numbers {
    registry: Registry,
    sessions_live: Gauge,
    sign_ins: Counter,
    sign_ins_refused: Counter,
    sign_ins_throttled: Family<Label, Counter>,
    session_ends: Family<Label, Counter>,
    keep_alives: Counter,
    touches_coalesced: Counter,
    touches_written: Counter,
    index_hits: Counter,
    index_misses: Counter,
    index_staleness: Gauge<f64, AtomicU64>,
    store_operations: Family<Label, Histogram>,
    store_failures: Family<Label, Counter>,
    connections_cut: Family<Label, Counter>,
    log_lines_dropped: Counter,
}

impl Metrics {
    /// Somebody signed in.
    pub fn signed_in(&self) {
        self.0.sign_ins.inc();
    }

    /// Somebody gave an address or a password that is not right.
    pub fn sign_in_refused(&self) {
        self.0.sign_ins_refused.inc();
    }

    /// Somebody has tried to sign in too often, and was not let try again.
    pub fn sign_in_throttled(&self, lane: Lane) {
        let throttled = &self.0.sign_ins_throttled;
        throttled.get_or_create(&of_lane(lane)).inc();
    }

    /// How long ago the latest end may be that the index does not know of; none where the engine
    /// reports no ends and is asked at every request.
    pub fn index_staleness(&self, staleness: Option<Duration>) {
        let staleness = staleness.map_or(f64::INFINITY, |staleness| staleness.as_secs_f64());
        self.0.index_staleness.set(staleness);
    }

    /// How many sessions are live in the engine, on whatever node they began.
    pub fn live_sessions(&self, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.0.sessions_live.set(count);
    }

    /// A client was cut off.
    pub fn connection_cut(&self, cut: Cut) {
        let cuts = self.0.connections_cut.get_or_create(&of_cut(cut));
        cuts.inc();
    }

    /// So many log lines were dropped since the start, because nobody read those before them.
    pub fn log_lines_dropped(&self, count: u64) {
        self.0
            .log_lines_dropped
            .inner()
            .store(count, Ordering::Relaxed);
    }

    /// All numbers, in the text format of OpenMetrics.
    ///
    /// # Errors
    ///
    /// A number could not be written down.
    pub fn exposition(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

impl Meter for Metrics {
    fn sessions_ended(&self, reason: EndReason, count: usize) {
        let ends = self.0.session_ends.get_or_create(&of_reason(reason));
        ends.inc_by(count as u64);
    }

    fn kept_alive(&self) {
        self.0.keep_alives.inc();
    }

    fn touches_deferred(&self, count: u64) {
        self.0.touches_coalesced.inc_by(count);
    }

    fn touches_written(&self, count: usize) {
        self.0.touches_written.inc_by(count as u64);
    }

    fn index_hits(&self, count: u64) {
        self.0.index_hits.inc_by(count);
    }

    fn index_missed(&self) {
        self.0.index_misses.inc();
    }

    fn store_answered(&self, operation: Operation, duration: Duration, has_failed: bool) {
        let label = of_operation(operation);
        let durations = self.0.store_operations.get_or_create(&label);
        durations.observe(duration.as_secs_f64());
        if has_failed {
            self.0.store_failures.get_or_create(&label).inc();
        }
    }
}

impl Default for Numbers {
    /// Everything is there from the start, at zero, so that the first event is seen as an increase.
    fn default() -> Self {
        let mut registry = Registry::with_prefix("dwell");
        let sessions_live = register(
            &mut registry,
            "sessions_live",
            "Sessions that are live in the engine",
        );
        let sign_ins = register(&mut registry, "sign_ins", "Sign-ins");
        let sign_ins_refused = register(
            &mut registry,
            "sign_ins_refused",
            "Sign-ins refused for the address or the password",
        );
        let sign_ins_throttled: Family<Label, Counter> = register(
            &mut registry,
            "sign_ins_throttled",
            "Sign-ins not tried after too many others, by what these had in common",
        );
        let session_ends: Family<Label, Counter> = register(
            &mut registry,
            "session_ends",
            "Sessions that this node ended, by reason",
        );
        let keep_alives = register(
            &mut registry,
            "keep_alives",
            "Keep-alives that found their session live",
        );
        let touches_coalesced = register(
            &mut registry,
            "touches_coalesced",
            "Touches deferred, to be written together with later ones",
        );
        let touches_written = register(
            &mut registry,
            "touches_written",
            "Touches written to the engine",
        );
        let index_hits = register(
            &mut registry,
            "index_hits",
            "Sessions looked up that the index in this process knew",
        );
        let index_misses = register(
            &mut registry,
            "index_misses",
            "Sessions looked up for which the engine had to be asked",
        );
        let index_staleness = Gauge::default();
        registry.register_with_unit(
            "index_staleness",
            "Time since the latest moment before which the index knows of every end, Inf where the engine reports no ends",
            Unit::Seconds,
            index_staleness.clone(),
        );
        let store_operations: Family<Label, Histogram> =
            Family::new_with_constructor(|| Histogram::new(DURATIONS));
        registry.register_with_unit(
            "store_operation_duration",
            "Time that the engine took over an operation, failures included",
            Unit::Seconds,
            store_operations.clone(),
        );
        let store_failures: Family<Label, Counter> = register(
            &mut registry,
            "store_failures",
            "Operations on the engine that failed",
        );
        let connections_cut: Family<Label, Counter> = register(
            &mut registry,
            "connections_cut",
            "Connections of clients that were waited for too long, or that made room for others",
        );
        let log_lines_dropped = register(
            &mut registry,
            "log_lines_dropped",
            "Log lines dropped because nobody read those before them",
        );
        for lane in Lane::ALL {
            drop(sign_ins_throttled.get_or_create(&of_lane(lane)));
        }
        for cut in Cut::ALL {
            drop(connections_cut.get_or_create(&of_cut(cut)));
        }
        for reason in EndReason::ALL {
            drop(session_ends.get_or_create(&of_reason(reason)));
        }
        for operation in Operation::ALL {
            drop(store_operations.get_or_create(&of_operation(operation)));
            drop(store_failures.get_or_create(&of_operation(operation)));
        }
        Self {
            registry,
            sessions_live,
            sign_ins,
            sign_ins_refused,
            sign_ins_throttled,
            session_ends,
            keep_alives,
            touches_coalesced,
            touches_written,
            index_hits,
            index_misses,
            index_staleness,
            store_operations,
            store_failures,
            connections_cut,
            log_lines_dropped,
        }
    }
}

fn register<M: Metric + Clone + Default>(
    registry: &mut Registry,
    name: &'static str,
    help: &'static str,
) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

fn of_reason(reason: EndReason) -> Label {
    [("reason", reason.name())]
}

fn of_operation(operation: Operation) -> Label {
    [("operation", operation.name())]
}

fn of_lane(lane: Lane) -> Label {
    [("by", lane.name())]
}

fn of_cut(cut: Cut) -> Label {
    [("reason", cut.name())]
}
