//! PostgreSQL: a database server that several processes can share.

mod error;

use std::{borrow::Cow, time::Duration};

use futures::future::BoxFuture;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgPool, Postgres,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgConnection, PgListener, PgPoolOptions},
};
use tokio::time::timeout;

pub use self::error::DatabaseError;
use crate::{
    Connections,
    lease::Lease,
    store::{StoreError, TimedOut},
};

/// The migrations with the tables and functions of Dwell, which [`Database::migrate`] runs. They
/// are recorded in the table `_dwell_migrations`, so that they do not conflict with the migrations
/// of the program.
pub static MIGRATOR: Migrator = Migrator {
    table_name: Cow::Borrowed("_dwell_migrations"),
    ..sqlx::migrate!("./migrations/postgres")
};

/// A pool of connections to a PostgreSQL database, with a limit on how long each operation may
/// take. Clones share the pool.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
    timeout: Duration,
}

impl Database {
    /// Connects to the database. [`migrate`](Self::migrate) creates the tables.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Open`] or [`DatabaseError::TimedOut`].
    pub async fn connect(
        options: PgConnectOptions,
        connections: Connections,
    ) -> Result<Self, DatabaseError> {
        // Tries a single connection first: a pool retries until its timeout and does not report the
        // reason of a failure.
        let connected = async { options.connect().await?.close().await };
        match timeout(connections.timeout, connected).await {
            Ok(Ok(())) => {}
            Ok(Err(source)) => {
                let place = place(&options);
                return Err(DatabaseError::Open { place, source });
            }
            Err(_) => {
                return Err(DatabaseError::TimedOut {
                    place: place(&options),
                    timeout: connections.timeout,
                });
            }
        }
        // With a statement timeout, the server also stops waiting for a lock that another
        // transaction has.
        let settings = format!(
            "set statement_timeout = {}; set default_transaction_isolation = 'read committed'",
            connections.timeout.as_millis()
        );
        let pool = PgPoolOptions::new()
            .max_connections(connections.limit)
            .acquire_timeout(connections.timeout)
            .after_connect(move |connection, _| {
                let settings = AssertSqlSafe(settings.clone());
                Box::pin(async move {
                    connection.execute(settings).await?;
                    Ok(())
                })
            })
            .connect_lazy_with(options);
        Ok(Self::from(pool).with_timeout(connections.timeout))
    }

    /// Limits the time that every operation may take. For a pool that the program has opened, the
    /// limit is 5 seconds by default.
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Creates or updates the tables and functions of Dwell. There is no limit on how long this
    /// takes.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Newer`] or [`DatabaseError::Migrate`].
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        self.run_migrations(&MIGRATOR).await
    }

    /// Runs migrations of the program. There is no limit on how long this takes.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Newer`] or [`DatabaseError::Migrate`].
    pub async fn run_migrations(&self, migrator: &Migrator) -> Result<(), DatabaseError> {
        match self.migrate_on_own_connection(migrator).await {
            Ok(()) => Ok(()),
            Err(MigrateError::VersionMissing(version)) => Err(DatabaseError::Newer {
                place: self.place(),
                version,
            }),
            Err(error) => Err(DatabaseError::Migrate {
                place: self.place(),
                source: error.into(),
            }),
        }
    }

    /// Migrates on a connection that is not used again, because it has no statement timeout: a
    /// migration may take longer than a request, and waits for migrations that other nodes run.
    async fn migrate_on_own_connection(&self, migrator: &Migrator) -> Result<(), MigrateError> {
        let mut connection = self.pool.acquire().await?.detach();
        connection.execute("set statement_timeout = 0").await?;
        let migrated = migrator.run_direct(None, &mut connection, false).await;
        connection.close().await?;
        migrated
    }

    /// The pool, for operations that need no limit on their time.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The limit on the time that every operation may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The user, the server and the database as a URL, without the password.
    pub fn place(&self) -> String {
        place(&self.pool.connect_options())
    }

    /// Waits until no connection is in use, and closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Runs `operation` with a connection. If it takes longer than the [`timeout`](Self::timeout),
    /// the connection is closed.
    ///
    /// # Errors
    ///
    /// The error of `operation`, or [`TimedOut`].
    pub async fn run<T, E: Into<StoreError>>(
        &self,
        operation: impl for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>>,
    ) -> Result<T, StoreError> {
        self.within(self.timeout, async {
            let mut lease = self.lease().await?;
            let answer = operation(lease.connection()?).await;
            lease.give_back();
            answer.map_err(Into::into)
        })
        .await
    }

    /// Runs `operation`, and fails if it takes longer than `limit`.
    pub(crate) async fn within<T>(
        &self,
        limit: Duration,
        operation: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match timeout(limit, operation).await {
            Ok(answer) => answer,
            Err(_) => Err(StoreError::new(TimedOut(limit))),
        }
    }

    /// A connection for one operation.
    pub(crate) async fn lease(&self) -> Result<Lease<Postgres>, StoreError> {
        Ok(Lease::new(self.pool.acquire().await?))
    }

    /// Listens to the notifications on `channel`, on a connection that does not belong to the pool
    /// but has the same settings.
    pub(crate) async fn listen(&self, channel: &str) -> Result<PgListener, sqlx::Error> {
        let options = PgConnectOptions::clone(&self.pool.connect_options());
        let connection = self
            .pool
            .options()
            .clone()
            .min_connections(0)
            .max_connections(1)
            .connect_with(options)
            .await?;
        let mut listener = PgListener::connect_with(&connection).await?;
        // The listener must not reconnect by itself, because it would miss the notifications until
        // then.
        listener.eager_reconnect(false);
        listener.listen(channel).await?;
        Ok(listener)
    }
}

impl From<PgPool> for Database {
    /// The program is responsible for the settings of the connections. Their transactions must be
    /// `read committed`, which is the default of PostgreSQL.
    fn from(pool: PgPool) -> Self {
        Self {
            pool,
            timeout: Connections::default().timeout,
        }
    }
}

fn place(options: &PgConnectOptions) -> String {
    format!(
        "postgres://{}@{}:{}/{}",
        options.get_username(),
        options.get_host(),
        options.get_port(),
        options.get_database().unwrap_or(options.get_username()),
    )
}
