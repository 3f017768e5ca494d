//! The log.

use std::{
    io::{IsTerminal as _, stderr},
    sync::OnceLock,
};

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{FilterExt as _, LevelFilter, Targets},
    layer::{Filter, SubscriberExt as _},
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

/// The most that is logged of libraries whose lines would show session ids or cookies (`L3`), and
/// of the notices that PostgreSQL sends at every start.
const MAX_LEVELS: [(&str, LevelFilter); 5] = [
    ("tower_sessions", LevelFilter::ERROR),
    ("tower_sessions_core", LevelFilter::OFF),
    ("tower_cookies", LevelFilter::OFF),
    ("hyper", LevelFilter::INFO),
    ("sqlx::postgres::notice", LevelFilter::WARN),
];

/// How many lines are buffered while the log is not read. Further lines are dropped.
const MAX_BUFFERED_LINES: usize = 10_000;

static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// Selects the log lines that `directives` ask for, except those that would show a session id,
/// which are never written.
pub fn filter<S>(directives: &str) -> impl Filter<S> + use<S>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    let asked_for = directives
        .parse()
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let allowed = Targets::new()
        .with_default(LevelFilter::TRACE)
        .with_targets(MAX_LEVELS);
    asked_for.and(allowed)
}

/// Keeps the log open. When this is dropped, the lines that are still buffered are written, if the
/// log is read.
#[must_use = "the log ends with it"]
#[derive(Debug)]
pub struct Log {
    _writing: WorkerGuard,
}

/// Starts writing log lines, and panics, to standard error. Nothing waits for the reader of the
/// log: lines that are not read in time are dropped and counted.
pub fn start(directives: &str) -> Log {
    let (writer, writing) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(MAX_BUFFERED_LINES)
        .finish(stderr());
    let _ = DROPPED.set(writer.error_counter());
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(stderr().is_terminal())
        .with_writer(writer)
        .with_filter(filter(directives));
    tracing_subscriber::registry().with(lines).init();
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(panic = ?panic.to_string(), "a request panicked");
    }));
    Log { _writing: writing }
}

/// How many log lines have been dropped because the log was not read in time.
pub fn dropped_lines() -> u64 {
    DROPPED
        .get()
        .map_or(0, |dropped| dropped.dropped_lines() as u64)
}
