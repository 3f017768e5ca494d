//! What the server writes down.

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

/// Libraries whose logs would show session ids or cookies (`L3`), and what PostgreSQL says at every
/// start.
const QUIET: [(&str, LevelFilter); 5] = [
    ("tower_sessions", LevelFilter::ERROR),
    ("tower_sessions_core", LevelFilter::OFF),
    ("tower_cookies", LevelFilter::OFF),
    ("hyper", LevelFilter::INFO),
    ("sqlx::postgres::notice", LevelFilter::WARN),
];

/// How many lines wait for whoever reads the log. Those after them are dropped.
const MOST_LINES: usize = 10_000;

static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// The log lines that `directives` ask for, except those that would show a session id: these are
/// not written, however they are asked for.
pub fn filter<S>(directives: &str) -> impl Filter<S> + use<S>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    let asked_for = directives
        .parse()
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let allowed = Targets::new()
        .with_default(LevelFilter::TRACE)
        .with_targets(QUIET);
    asked_for.and(allowed)
}

/// Lines that have yet to be written are written when this is dropped, if anybody reads them.
#[must_use = "the log ends with it"]
#[derive(Debug)]
pub struct Log {
    _writing: WorkerGuard,
}

/// Writes log lines to standard error from now on, panics among them. Nothing waits for whoever
/// reads there: what is too much for them is dropped, and counted.
pub fn start(directives: &str) -> Log {
    let (writer, writing) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(MOST_LINES)
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

/// How many log lines were dropped because nobody read those before them.
pub fn dropped_lines() -> u64 {
    DROPPED
        .get()
        .map_or(0, |dropped| dropped.dropped_lines() as u64)
}
