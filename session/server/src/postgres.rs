//! PostgreSQL: a database on a server, which several processes may share.

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

/// The tables and functions of Dwell, for [`Database::migrate`]. What has been carried out is
/// recorded in the table `_dwell_migrations`, so that it does not meet the program's own migrations.
pub static MIGRATOR: Migrator = Migrator {
    table_name: Cow::Borrowed("_dwell_migrations"),
    ..sqlx::migrate!("./migrations/postgres")
};

/// A pool of connections to a PostgreSQL database, with a limit on the time of every answer. Clones
/// share it.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
    timeout: Duration,
}

impl Database {
    /// Connects to the database. The tables are made by [`migrate`](Self::migrate).
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Open`] or [`DatabaseError::TimedOut`].
    pub async fn connect(
        options: PgConnectOptions,
        connections: Connections,
    ) -> Result<Self, DatabaseError> {
        // First on a connection of its own: a pool tries again until its time is up, and does not
        // say why.
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
        // With the timeout of statements, a wait for somebody's lock ends on the server too.
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

    /// Limits the time of every answer to `timeout`, which is 5 seconds for a pool of the program.
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Makes the tables and functions of Dwell, or brings them up to date, however long that takes.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Newer`] or [`DatabaseError::Migrate`].
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        self.run_migrations(&MIGRATOR).await
    }

    /// Runs the program's own migrations, however long that takes.
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

    /// On a connection that nobody else uses afterwards: a migration may take longer than a request
    /// and waits for those of other nodes.
    async fn migrate_on_own_connection(&self, migrator: &Migrator) -> Result<(), MigrateError> {
        let mut connection = self.pool.acquire().await?.detach();
        connection.execute("set statement_timeout = 0").await?;
        let migrated = migrator.run_direct(None, &mut connection, false).await;
        connection.close().await?;
        migrated
    }

    /// The pool, for what needs no limit on its time.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The limit on the time of every answer.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The server and the database, without the password.
    pub fn place(&self) -> String {
        place(&self.pool.connect_options())
    }

    /// Waits until nobody uses the connections, and closes them.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Calls `operation` with a connection. A connection that has not answered in time is closed.
    ///
    /// # Errors
    ///
    /// That of `operation`, or [`TimedOut`].
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

    /// What `operation` answers within `limit`.
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

    /// A connection, for one operation.
    pub(crate) async fn lease(&self) -> Result<Lease<Postgres>, StoreError> {
        Ok(Lease::new(self.pool.acquire().await?))
    }

    /// Hears what is told on `channel`, on a connection besides those of the pool, but made as they
    /// are.
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
        // What is told between two connections would be missed.
        listener.eager_reconnect(false);
        listener.listen(channel).await?;
        Ok(listener)
    }
}

impl From<PgPool> for Database {
    /// The settings of the connections are the program's. Their transactions must be `read
    /// committed`, as they are by default.
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
