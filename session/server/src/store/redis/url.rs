//! The URL of a server.

use std::{fmt, str::FromStr};

use fred::types::config::{Config, ServerConfig};

/// The URL of a Redis or Valkey server. `Display` shows it without the user and the password.
///
/// ```
/// # use dwell::store::RedisUrl;
/// let url: RedisUrl = "redis://dwell:secret@sessions.internal:6379/0".parse()?;
/// assert_eq!(url.to_string(), "redis://sessions.internal:6379/0");
/// # Ok::<(), dwell::store::InvalidRedisUrl>(())
/// ```
#[derive(Clone)]
pub struct RedisUrl(Config);

impl RedisUrl {
    pub(super) fn config(&self) -> Config {
        self.0.clone()
    }
}

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

/// The text is not a valid [`RedisUrl`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the URL of a Redis server must be like redis://USER:PASSWORD@HOST:6379/0, or rediss:// for TLS"
)]
pub struct InvalidRedisUrl;
