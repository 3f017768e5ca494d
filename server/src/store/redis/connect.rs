//! The way to the server, and what it must be set to.

use std::{collections::HashMap, fmt, str::FromStr, time::Duration};

use fred::{
    clients::Pool,
    interfaces::{ClientLike as _, ConfigInterface as _},
    types::{
        Builder,
        config::{Config, ReconnectPolicy, ServerConfig},
    },
};
use tokio::time::timeout;

use crate::connections::Connections;

/// The oldest version that is known to work. Valkey says that it is Redis 7.2.
const OLDEST: u64 = 7;

/// Where a Redis or Valkey server is. It is shown without the password.
#[derive(Clone)]
pub struct RedisUrl(Config);

impl FromStr for RedisUrl {
    type Err = InvalidRedisUrl;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let is_single = url.starts_with("redis://") || url.starts_with("rediss://");
        if !is_single || url.contains(char::is_whitespace) {
            return Err(InvalidRedisUrl);
        }
        let config = Config::from_url(url).map_err(|_| InvalidRedisUrl)?;
        Ok(Self(config))
    }
}

impl RedisUrl {
    pub(super) fn config(&self) -> Config {
        self.0.clone()
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.tls.as_ref().map_or("redis", |_| "rediss");
        write!(f, "{scheme}://")?;
        if let ServerConfig::Centralized { server } = &self.0.server {
            write!(f, "{}:{}", server.host, server.port)?;
        }
        write!(f, "/{}", self.0.database.unwrap_or_default())
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

/// A text that is no [`RedisUrl`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "allowed is database, where the sessions are kept beside the accounts, or a server such as \
     redis://USER:PASSWORD@HOST:6379/0, or rediss:// for TLS"
)]
pub struct InvalidRedisUrl;

/// The server cannot be used. Each error is one line, without the password.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// It cannot be reached, or does not let us in.
    #[error("cannot use the session store {place} (DWELL_SESSION_STORE)")]
    Connect {
        /// The server.
        place: String,
        /// Why.
        source: fred::error::Error,
    },
    /// Nothing answers there.
    #[error("the session store {place} (DWELL_SESSION_STORE) has not answered for {patience:?}")]
    Silent {
        /// The server.
        place: String,
        /// How long it was waited for.
        patience: Duration,
    },
    /// It is too old.
    #[error(
        "the session store {place} (DWELL_SESSION_STORE) is Redis {version}: {OLDEST} is the oldest that will do"
    )]
    Old {
        /// The server.
        place: String,
        /// What it says it is.
        version: String,
    },
}

pub(super) async fn connect(url: &RedisUrl, connections: Connections) -> Result<Pool, RedisError> {
    let Connections {
        most,
        timeout: patience,
    } = connections;
    let place = url.to_string();
    let unavailable = |source| RedisError::Connect {
        place: place.clone(),
        source,
    };
    let pool = Builder::from_config(url.0.clone())
        .with_connection_config(|connection| {
            connection.connection_timeout = patience;
            connection.internal_command_timeout = patience;
            // An operation that may have been carried out is not tried again: the second time it
            // would find the session ended, and say so.
            connection.max_command_attempts = 1;
        })
        .with_performance_config(|performance| performance.default_command_timeout = patience)
        .set_policy(ReconnectPolicy::new_exponential(0, 50, 1_000, 2))
        .build_pool(most.try_into().unwrap_or(usize::MAX))
        .map_err(unavailable)?;
    match timeout(patience, pool.init()).await {
        Ok(connected) => connected.map_err(unavailable)?,
        Err(_) => return Err(RedisError::Silent { place, patience }),
    };
    match pool.server_version() {
        Some(version) if version.major < OLDEST => Err(RedisError::Old {
            place,
            version: version.to_string(),
        }),
        _ => Ok(pool),
    }
}

/// Something about the server that its operator should change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Advice {
    /// What is told as ended may come back.
    #[error(
        "the session store brings back sessions that have ended when it restarts: \
         set appendonly yes in its configuration"
    )]
    Snapshots,
    /// What is told as ended may come back after a power failure.
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
    /// It does not say how it is set.
    #[error(
        "the session store does not let us see its configuration: \
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
