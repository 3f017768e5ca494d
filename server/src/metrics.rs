//! Metrics of this node since it started.
//!
//! No label names a person or a session.

mod cut_reason;

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

use crate::accounts::AttemptLimit;

pub use self::cut_reason::CutReason;

/// The upper bounds of the histogram's buckets, in seconds. The greatest is the default timeout of
/// the store.
const DURATIONS: [f64; 15] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];

/// One label with its value.
type Label = [(&'static str, &'static str); 1];

/// Counts events. Clones share their counters.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Series>);

#[derive(Debug)]
struct Series {
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
    /// Counts a successful sign-in.
    pub fn signed_in(&self) {
        self.0.sign_ins.inc();
    }

    /// Counts an attempt to sign in with a wrong address or password.
    pub fn sign_in_refused(&self) {
        self.0.sign_ins_refused.inc();
    }

    /// Counts an attempt to sign in that was refused because there had been too many.
    pub fn sign_in_throttled(&self, limit: AttemptLimit) {
        let throttled = &self.0.sign_ins_throttled;
        throttled.get_or_create(&of_limit(limit)).inc();
    }

    /// Sets how long ago a session may have ended without the index knowing it; nothing if the
    /// engine reports no ends and is asked at every request.
    pub fn index_staleness(&self, staleness: Option<Duration>) {
        let staleness = staleness.map_or(f64::INFINITY, |staleness| staleness.as_secs_f64());
        self.0.index_staleness.set(staleness);
    }

    /// Sets how many sessions are live in the engine, whichever node they began on.
    pub fn live_sessions(&self, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.0.sessions_live.set(count);
    }

    /// Counts a connection that the server closed.
    pub fn connection_cut(&self, reason: CutReason) {
        let cuts = self.0.connections_cut.get_or_create(&of_cut(reason));
        cuts.inc();
    }

    /// Sets how many log lines have been dropped since the start because the log was not read in
    /// time.
    pub fn log_lines_dropped(&self, count: u64) {
        self.0
            .log_lines_dropped
            .inner()
            .store(count, Ordering::Relaxed);
    }

    /// All metrics, in the text format of OpenMetrics.
    ///
    /// # Errors
    ///
    /// A metric cannot be encoded.
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

impl Default for Series {
    /// Every series exists from the start, at zero, so that the first event shows as an increase.
    fn default() -> Self {
        let mut registry = Registry::with_prefix("dwell");
        let sessions_live = register(
            &mut registry,
            "sessions_live",
            "Sessions that are live in the engine",
        );
        let sign_ins = register(&mut registry, "sign_ins", "Successful sign-ins");
        let sign_ins_refused = register(
            &mut registry,
            "sign_ins_refused",
            "Attempts to sign in with a wrong address or password",
        );
        let sign_ins_throttled: Family<Label, Counter> = register(
            &mut registry,
            "sign_ins_throttled",
            "Attempts to sign in that were refused because there had been too many, by limit",
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
            "Lookups of a session that were answered from the index in memory",
        );
        let index_misses = register(
            &mut registry,
            "index_misses",
            "Lookups of a session for which the engine was asked",
        );
        let index_staleness = Gauge::default();
        registry.register_with_unit(
            "index_staleness",
            "How long ago a session may have ended without the index knowing it; Inf if the engine reports no ends",
            Unit::Seconds,
            index_staleness.clone(),
        );
        let store_operations: Family<Label, Histogram> =
            Family::new_with_constructor(|| Histogram::new(DURATIONS));
        registry.register_with_unit(
            "store_operation_duration",
            "Time that operations on the engine took, including failed ones",
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
            "Connections that the server closed because the client was too slow, or to make room for others",
        );
        let log_lines_dropped = register(
            &mut registry,
            "log_lines_dropped",
            "Log lines dropped because the log was not read in time",
        );
        for limit in AttemptLimit::ALL {
            drop(sign_ins_throttled.get_or_create(&of_limit(limit)));
        }
        for reason in CutReason::ALL {
            drop(connections_cut.get_or_create(&of_cut(reason)));
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

fn of_limit(limit: AttemptLimit) -> Label {
    [("by", limit.name())]
}

fn of_cut(reason: CutReason) -> Label {
    [("reason", reason.name())]
}
