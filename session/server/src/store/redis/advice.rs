//! Checks the settings of a server.

use std::collections::HashMap;

use fred::{clients::Pool, interfaces::ConfigInterface as _};

/// A setting of the server that its operator should change. Its message says why and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Advice {
    /// Sessions that have ended may come back when the server restarts, because it only writes
    /// snapshots.
    #[error(
        "after a restart, the session store brings back sessions that have ended: \
         set appendonly yes in its configuration"
    )]
    Snapshots,
    /// Sessions that have ended may come back after a power failure, because the server does not
    /// write every change to disk at once.
    #[error(
        "at a power failure, the session store may lose the changes of the last second, including \
         sign-outs: set appendfsync always in its configuration"
    )]
    Deferred,
    /// Sessions may be removed before their time, because the server removes keys when its memory
    /// is full.
    #[error(
        "the session store may remove sessions when its memory is full: \
         set maxmemory-policy noeviction in its configuration"
    )]
    Eviction,
    /// The settings of the server cannot be read.
    #[error(
        "the configuration of the session store cannot be read: make sure that it has \
         appendonly yes, appendfsync always and maxmemory-policy noeviction"
    )]
    Hidden,
}

/// Returns what the operator of the server should change.
pub(super) async fn advice(pool: &Pool) -> Vec<Advice> {
    let mut settings = HashMap::new();
    for name in ["appendonly", "appendfsync", "save", "maxmemory-policy"] {
        match pool.config_get::<HashMap<String, String>, _>(name).await {
            Ok(setting) => settings.extend(setting),
            Err(_) => return vec![Advice::Hidden],
        }
    }
    let is = |name: &str, value: &str| settings.get(name).is_some_and(|set| set == value);
    let mut advice = Vec::new();
    if is("appendonly", "no") && !is("save", "") {
        advice.push(Advice::Snapshots);
    }
    if is("appendonly", "yes") && !is("appendfsync", "always") {
        advice.push(Advice::Deferred);
    }
    // The other policies only remove keys that have an expiry, and Dwell's keys have none.
    if settings
        .get("maxmemory-policy")
        .is_some_and(|policy| policy.starts_with("allkeys"))
    {
        advice.push(Advice::Eviction);
    }
    advice
}
