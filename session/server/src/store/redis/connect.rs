//! The way to a server, and what must be there.

use std::{error::Error, sync::Arc, time::Duration};

use fred::{
    clients::Pool,
    interfaces::ClientLike as _,
    types::{Builder, FromValue, Value, config::ReconnectPolicy, scripts::Script},
};
use tokio::{sync::Mutex, time::timeout};

use super::{
    Pass, RedisStore, RedisUrl, Shared, millis,
    scripts::{SERVER_TIME, Scripts},
    watch::watch,
};
use crate::Connections;

/// The oldest version that is known to work. Valkey says that it is Redis 7.2.
const OLDEST: u64 = 7;

/// The version of the layout that the scripts read and write.
const SCHEMA: i64 = 2;

/// How many keys a migration looks at in one script: nobody else is served meanwhile.
const KEYS_AT_A_TIME: i64 = 200;

/// The timeouts of sessions from before each had its own.
const MIGRATED_LIMIT: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// How a [`RedisStore`] is opened: see [`RedisStore::builder`].
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

    /// How many connections are kept, and how long an answer is waited for. Beside these, each node
    /// that follows the store has one connection on which it hears of ends.
    pub fn connections(mut self, connections: Connections) -> Self {
        self.connections = connections;
        self
    }

    /// What tells the keys and the channel of this store from those of others on the same server:
    /// each begins with `{prefix}:`. It is `dwell` unless this is called, and has 1 to 64 letters,
    /// digits, dots, hyphens or underscores of ASCII.
    ///
    /// The databases of one server share its channels, so two stores in two databases should have
    /// two prefixes.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Takes the time from the Lua function `time` that `lua` defines, in milliseconds since the Unix
    /// epoch, and not from the server's clock. For tests, which move it, and for nothing else: nodes
    /// that use one server must all take the time from the same place.
    pub fn time_from_lua(mut self, lua: impl Into<String>) -> Self {
        self.time = lua.into();
        self
    }

    /// Connects to the server.
    ///
    /// # Errors
    ///
    /// The server cannot be used, the prefix is not one, or what is kept there was written by another
    /// version: see [`RedisError`].
    pub async fn connect(self) -> Result<RedisStore, RedisError> {
        let server = self.open().await?;
        let found = server.schema().await?;
        let place = server.url.to_string();
        match found {
            SCHEMA => Ok(RedisStore(Arc::new(Shared {
                _watch: watch(&server.pool, self.connections.timeout),
                server,
                pass: Mutex::new(Pass::over_all(None)),
            }))),
            ..SCHEMA => Err(RedisError::OlderSchema { server: place }),
            _ => Err(RedisError::NewerSchema { server: place }),
        }
    }

    /// Rewrites what an older version has kept on the server, so that
    /// [`connect`](Self::connect) accepts it. Returns how many sessions, live or ended, it has
    /// rewritten; none where there is nothing older.
    ///
    /// The sessions keep their people, their generations, their last activities and their data. Older
    /// versions kept no timeouts with them, so those that have not been ended get an idle and an
    /// absolute timeout of 366 days, even where their time was over. A [`Dwell`](crate::Dwell) goes by
    /// its own policy where that is shorter, and shortens them by
    /// [`tighten`](crate::store::Store::tighten) when it starts.
    ///
    /// It works in small steps, between which others are served, and may be called again where it has
    /// failed, and on several nodes at once. No program with an older version may run meanwhile or
    /// afterwards: to it the sessions are unknown.
    ///
    /// # Errors
    ///
    /// The server cannot be used, the prefix is not one, or what is kept there was written by a newer
    /// version: see [`RedisError`].
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

/// The server cannot be used. Each error is one line, without the password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisError {
    /// It cannot be reached, refuses the connection, or refuses a command.
    #[error("cannot use the Redis server {server}")]
    Unavailable {
        /// The server.
        server: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It does not answer.
    #[error("the Redis server {server} has not answered within {timeout:?}")]
    TimedOut {
        /// The server.
        server: String,
        /// How long an answer was waited for.
        timeout: Duration,
    },
    /// It is too old.
    #[error("the Redis server {server} has version {version}: version {OLDEST} or later is needed")]
    TooOld {
        /// The server.
        server: String,
        /// Its version.
        version: String,
    },
    /// Its sessions were written by an older version of Dwell.
    #[error(
        "the sessions on the Redis server {server} were written by an older version of Dwell: \
         stop the programs that use it and call RedisStore::migrate"
    )]
    OlderSchema {
        /// The server.
        server: String,
    },
    /// Its sessions were written by a newer version of Dwell.
    #[error(
        "the sessions on the Redis server {server} were written by a newer version of Dwell: \
         use that version"
    )]
    NewerSchema {
        /// The server.
        server: String,
    },
    /// The prefix of the keys has other characters than are allowed, none or too many.
    #[error(
        "the prefix of Redis keys has 1 to 64 letters, digits, dots, hyphens or underscores: \
         {0:?} is none"
    )]
    InvalidPrefix(String),
}

/// A server, and what is run there.
pub(super) struct Server {
    pub url: RedisUrl,
    pub pool: Pool,
    /// What every key begins with, and the channel. It has a hash tag, so that all of them are in one
    /// slot.
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

    /// The version of the layout of what is kept there. Where nothing is, it is ours from now on.
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
                KEYS_AT_A_TIME.into(),
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
        timeout: patience,
    } = connections;
    let pool = Builder::from_config(url.config())
        .with_connection_config(|connection| {
            connection.connection_timeout = patience;
            connection.internal_command_timeout = patience;
            // An operation that may have been carried out is not tried again: the second time it
            // would find the session ended, and say so.
            connection.max_command_attempts = 1;
        })
        .with_performance_config(|performance| performance.default_command_timeout = patience)
        .set_policy(ReconnectPolicy::new_exponential(0, 50, 1_000, 2))
        .build_pool(limit.try_into().unwrap_or(usize::MAX))
        .map_err(|source| unavailable(url, source))?;
    match timeout(patience, pool.init()).await {
        Ok(connected) => connected.map_err(|source| unavailable(url, source))?,
        Err(_) => {
            return Err(RedisError::TimedOut {
                server: url.to_string(),
                timeout: patience,
            });
        }
    };
    match pool.server_version() {
        Some(version) if version.major < OLDEST => Err(RedisError::TooOld {
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
