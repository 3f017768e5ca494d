//! What the server writes down.

use tracing_subscriber::EnvFilter;

/// Libraries whose logs would show session ids or cookies (`L3`).
const QUIET: [&str; 4] = [
    "tower_sessions=error",
    "tower_sessions_core=off",
    "tower_cookies=off",
    "hyper=info",
];

/// The log lines that `directives` ask for, except those that would show a session id.
pub fn filter(directives: &str) -> EnvFilter {
    let filter = directives
        .parse()
        .unwrap_or_else(|_| EnvFilter::new("info"));
    QUIET
        .into_iter()
        .filter_map(|quiet| quiet.parse().ok())
        .fold(filter, EnvFilter::add_directive)
}

/// Writes log lines to standard error from now on.
pub fn start(directives: &str) {
    tracing_subscriber::fmt()
        .with_env_filter(filter(directives))
        .with_writer(std::io::stderr)
        .init();
}
