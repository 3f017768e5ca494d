//! What the server writes down.

use std::io::{IsTerminal as _, stderr};

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

/// Writes log lines to standard error from now on.
pub fn start(directives: &str) {
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(stderr().is_terminal())
        .with_writer(stderr)
        .with_filter(filter(directives));
    tracing_subscriber::registry().with(lines).init();
}
