//! What a server should be set to.

use std::collections::HashMap;

use fred::{clients::Pool, interfaces::ConfigInterface as _};

/// Something about the server that its operator should change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Advice {
    /// Sessions that have ended may come back when it restarts.
    #[error(
        "the session store brings back sessions that have ended when it restarts: \
         set appendonly yes in its configuration"
    )]
    Snapshots,
    /// Sessions that have ended may come back after a power failure.
    #[error(
        "the session store may lose the last second before a power failure, sign-outs too: \
         set appendfsync always in its configuration"
    )]
    Deferred,
    /// Sessions may go before their time.
    #[error(
        "the session store may drop sessions when its memory is full: \
         set maxmemory-policy noeviction in its configuration"
    )]
    Eviction,
    /// Its configuration cannot be read.
    #[error(
        "the session store does not let its configuration be read: \
         make sure of appendonly yes, appendfsync always and maxmemory-policy noeviction"
    )]
    Hidden,
}

/// What the operator of the server should change.
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
    // The other policies drop keys that have an expiry. Ours have none.
    if settings
        .get("maxmemory-policy")
        .is_some_and(|policy| policy.starts_with("allkeys"))
    {
        advice.push(Advice::Eviction);
    }
    advice
}
