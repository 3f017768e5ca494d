//! Connects to a server, and checks and migrates what is stored on it.

use std::{error::Error, sync::Arc, time::Duration};

use fred::{
    clients::Pool,
    interfaces::ClientLike as _,
    types::{Builder, FromValue, Value, config::ReconnectPolicy, scripts::Script},
};
use tokio::{sync::Mutex, time::timeout};

use super::{
    RedisStore, RedisUrl, Shared, TightenPass, millis,
    scripts::{SERVER_TIME, Scripts},
    watch::watch,
};
use crate::Connections;

/// The oldest major version of Redis that is known to work. Valkey reports that it is Redis 7.2.
const MIN_VERSION: u64 = 7;

/// The version of the layout that the scripts use.
const SCHEMA: i64 = 2;

/// How many keys a migration examines in one script. The server serves nobody else while a script
/// runs.
const MIGRATE_SCAN: i64 = 200;

/// The timeouts of migrated sessions, because older versions stored no timeouts with a session.
const MIGRATED_LIMIT: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Opens a [`RedisStore`] with other settings: see [`RedisStore::builder`].
#[derive(Debug, Clone)]
pub struct RedisStoreBuilder {
    url: RedisUrl,
    connections: Connections,
    prefix: String,
    time: String,
}

impl RedisStoreBuilder {
    pub(super) fn new(url: &RedisUrl) -> Self {
        Self {
            url: url.clone(),
            connections: Connections::default(),
            prefix: "dwell".to_owned(),
            time: SERVER_TIME.to_owned(),
        }
    }

    /// Sets the number of connections and how long an answer may take. The defaults are those of
    /// [`Connections`]. In addition, each node that follows the store has one connection on which
    /// it receives reports of ends.
    pub fn connections(mut self, connections: Connections) -> Self {
        self.connections = connections;
        self
    }

    /// Sets the prefix that distinguishes the keys and the channel of this store from others on the
    /// same server: each name begins with the prefix in braces and a colon. The prefix must have 1
    /// to 64 ASCII letters, digits, dots, hyphens or underscores. The default is `dwell`.
    ///
    /// All databases of a server share the same channels, so two stores in two databases should
    /// have different prefixes.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Uses the Lua function `time`, which `lua` defines, instead of the server's clock. The
    /// function returns milliseconds since the Unix epoch. This is only for tests that move the
    /// time. All nodes that use a server must use the same function.
    pub fn time_from_lua(mut self, lua: impl Into<String>) -> Self {
        self.time = lua.into();
        self
    }

    /// Connects to the server.
    ///
    /// # Errors
    ///
    /// The server cannot be used, the prefix is invalid, or the sessions on the server were written
    /// by another version of Dwell: see [`RedisError`].
    pub async fn connect(self) -> Result<RedisStore, RedisError> {
        let server = self.open().await?;
        let found = server.schema().await?;
        let place = server.url.to_string();
        match found {
            SCHEMA => Ok(RedisStore(Arc::new(Shared {
                _watch: watch(&server.pool, self.connections.timeout),
                server,
                tighten_pass: Mutex::new(TightenPass::over_all(None)),
            }))),
            ..SCHEMA => Err(RedisError::OlderSchema { server: place }),
            _ => Err(RedisError::NewerSchema { server: place }),
        }
    }

    /// Migrates the sessions that an older version of Dwell has stored on the server, so that
    /// [`connect`](Self::connect) accepts them. Returns the number of migrated sessions, including
    /// ended ones. It is 0 if there was nothing to migrate.
    ///
    /// The sessions keep their people, their generations, their last activities and their data.
    /// Older versions stored no timeouts with a session. Therefore sessions that have not been
    /// ended get an idle timeout and an absolute timeout of 366 days, even if their time was over.
    /// A [`Dwell`](crate::Dwell) applies its own policy if that is shorter, and shortens the stored
    /// timeouts with [`tighten`](crate::store::Store::tighten) when it starts.
    ///
    /// The migration works in small steps, between which the server serves others. It may be
    /// repeated after a failure, and may run on several nodes at once. No program with an older
    /// version may run during the migration or after it, because the older version does not find
    /// migrated sessions.
    ///
    /// # Errors
    ///
    /// The server cannot be used, the prefix is invalid, or the sessions on the server were written
    /// by a newer version of Dwell: see [`RedisError`].
    pub async fn migrate(self) -> Result<u64, RedisError> {
        let server = self.open().await?;
        let migrated = server.migrate().await;
        let _ = server.pool.quit().await;
        migrated
    }

    async fn open(&self) -> Result<Server, RedisError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !(1..=64).contains(&self.prefix.len()) || !self.prefix.bytes().all(is_allowed) {
            return Err(RedisError::InvalidPrefix(self.prefix.clone()));
        }
        Ok(Server {
            pool: pool(&self.url, self.connections).await?,
            url: self.url.clone(),
            prefix: format!("{{{}}}", self.prefix),
            scripts: Scripts::new(&self.time),
        })
    }
}

/// The server cannot be used. The message of each error is one line and does not contain the
/// password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisError {
    /// The server cannot be reached, or refuses the connection or a command.
    #[error("cannot use the Redis server {server}")]
    Unavailable {
        /// The URL of the server, without the password.
        server: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server does not answer in time.
    #[error("the Redis server {server} has not answered within {timeout:?}")]
    TimedOut {
        /// The URL of the server, without the password.
        server: String,
        /// How long it was given to answer.
        timeout: Duration,
    },
    /// The version of the server is too old.
    #[error(
        "the Redis server {server} has version {version}: version {MIN_VERSION} or later is needed"
    )]
    TooOld {
        /// The URL of the server, without the password.
        server: String,
        /// The version of the server.
        version: String,
    },
    /// The sessions on the server were written by an older version of Dwell.
    #[error(
        "the sessions on the Redis server {server} were written by an older version of Dwell: \
         stop the programs that use it and call RedisStore::migrate"
    )]
    OlderSchema {
        /// The URL of the server, without the password.
        server: String,
    },
    /// The sessions on the server were written by a newer version of Dwell.
    #[error(
        "the sessions on the Redis server {server} were written by a newer version of Dwell: \
         use that version"
    )]
    NewerSchema {
        /// The URL of the server, without the password.
        server: String,
    },
    /// The prefix is empty, too long, or has characters that are not allowed.
    #[error(
        "the prefix {0:?} of Redis keys is invalid: it must have 1 to 64 letters, digits, dots, \
         hyphens or underscores"
    )]
    InvalidPrefix(String),
}

/// A server with the scripts that run on it.
pub(super) struct Server {
    pub url: RedisUrl,
    pub pool: Pool,
    /// The beginning of the channel and of every key. It has a hash tag, so that all keys are in
    /// the same hash slot.
    pub prefix: String,
    pub scripts: Scripts,
}

impl Server {
    pub async fn run<Answer: FromValue>(
        &self,
        script: &Script,
        arguments: impl IntoIterator<Item = Value>,
    ) -> Result<Answer, fred::error::Error> {
        let arguments: Vec<Value> = arguments.into_iter().collect();
        script
            .evalsha_with_reload(self.pool.next(), self.prefix.as_str(), arguments)
            .await
    }

    /// The version of the layout of what is stored on the server. If nothing is stored there, the
    /// server is marked with the version of this program.
    async fn schema(&self) -> Result<i64, RedisError> {
        let found = self.run(&self.scripts.schema, [SCHEMA.into()]).await;
        found.map_err(|source| unavailable(&self.url, source))
    }

    async fn migrate(&self) -> Result<u64, RedisError> {
        if self.schema().await? > SCHEMA {
            let server = self.url.to_string();
            return Err(RedisError::NewerSchema { server });
        }
        let limit = millis(MIGRATED_LIMIT);
        let (mut cursor, mut count) = ("0".to_owned(), 0);
        loop {
            let arguments = [
                SCHEMA.into(),
                cursor.into(),
                MIGRATE_SCAN.into(),
                limit.into(),
                limit.into(),
            ];
            let step = self.run(&self.scripts.migrate, arguments).await;
            let (next, migrated): (String, u64) =
                step.map_err(|source| unavailable(&self.url, source))?;
            count += migrated;
            if next == "0" {
                return Ok(count);
            }
            cursor = next;
        }
    }
}

async fn pool(url: &RedisUrl, connections: Connections) -> Result<Pool, RedisError> {
    let Connections {
        limit,
        timeout: answer_timeout,
    } = connections;
    let pool = Builder::from_config(url.config())
        .with_connection_config(|connection| {
            connection.connection_timeout = answer_timeout;
            connection.internal_command_timeout = answer_timeout;
            // An operation that may have been executed is not repeated, because the second attempt
            // would find, for example, that the session has ended already.
            connection.max_command_attempts = 1;
        })
        .with_performance_config(|performance| performance.default_command_timeout = answer_timeout)
        .set_policy(ReconnectPolicy::new_exponential(0, 50, 1_000, 2))
        .build_pool(limit.try_into().unwrap_or(usize::MAX))
        .map_err(|source| unavailable(url, source))?;
    match timeout(answer_timeout, pool.init()).await {
        Ok(connected) => connected.map_err(|source| unavailable(url, source))?,
        Err(_) => {
            return Err(RedisError::TimedOut {
                server: url.to_string(),
                timeout: answer_timeout,
            });
        }
    };
    match pool.server_version() {
        Some(version) if version.major < MIN_VERSION => Err(RedisError::TooOld {
            server: url.to_string(),
            version: version.to_string(),
        }),
        _ => Ok(pool),
    }
}

fn unavailable(url: &RedisUrl, source: fred::error::Error) -> RedisError {
    RedisError::Unavailable {
        server: url.to_string(),
        source: source.into(),
    }
}
