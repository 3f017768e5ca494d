//! SQLite: a database in a file, for a program that runs as one process.

mod error;
mod file;

use std::{borrow::Cow, path::PathBuf, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Sqlite, SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{
        SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions,
        SqliteSynchronous,
    },
};

pub(crate) use self::error::is_disk_full;
use self::{error::is_write_failure, file::OpenFile};
pub use self::{
    error::{DatabaseError, Unusable},
    file::{DatabaseFile, InvalidDatabaseUrl},
};
use crate::{Connections, lease::Lease, store::StoreError};

/// The migrations with the tables of Dwell, which [`Database::migrate`] runs. They are recorded in
/// the table `_dwell_migrations`, so that they do not conflict with the migrations of the program.
pub static MIGRATOR: Migrator = Migrator {
    table_name: Cow::Borrowed("_dwell_migrations"),
    ..sqlx::migrate!("./migrations/sqlite")
};

/// A SQLite database and its connections. Clones share the connections.
///
/// SQLite has one writer at a time. Therefore all writes use one connection and wait for each
/// other, and reads use other connections, so that they do not wait for writes.
///
/// Every operation checks that the file is still at its path. If it has been removed or replaced,
/// every operation fails until the same file is back.
#[derive(Debug, Clone)]
pub struct Database {
    writer: SqlitePool,
    readers: SqlitePool,
    /// This must be the last field, because fields are dropped in order and the file must be closed
    /// last: see [`OpenFile`].
    file: Option<Arc<OpenFile>>,
}

impl Database {
    /// Opens the database in `file`, and creates an empty one if there is none.
    /// [`migrate`](Self::migrate) creates the tables.
    ///
    /// # Errors
    ///
    /// One of the errors of [`DatabaseError`], which name the file.
    pub async fn open(
        file: impl Into<DatabaseFile>,
        connections: Connections,
    ) -> Result<Self, DatabaseError> {
        Self::open_after(&file.into(), connections, |_| Ok(())).await
    }

    /// Opens the database like [`open`](Self::open), and prevents other processes from doing so
    /// with this method while it is open here. A program should use this for its sessions, because
    /// two processes would not know of each other's changes.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::InUse`] if another process has opened the database with this method, or the
    /// errors of [`open`](Self::open).
    pub async fn hold(
        file: impl Into<DatabaseFile>,
        connections: Connections,
    ) -> Result<Self, DatabaseError> {
        Self::open_after(&file.into(), connections, OpenFile::lock).await
    }

    /// Uses the database that these pools lead to. `writer` should have one connection, and may be
    /// the same pool as `readers`.
    ///
    /// The program is responsible for the settings of the connections. It is not noticed if the
    /// file is removed or replaced or if its disk is full, and other processes are not prevented
    /// from using the file.
    pub fn from_pools(writer: SqlitePool, readers: SqlitePool) -> Self {
        Self {
            writer,
            readers,
            file: None,
        }
    }

    /// Opens the database. `check` is called before SQLite opens the file.
    async fn open_after(
        file: &DatabaseFile,
        connections: Connections,
        check: impl FnOnce(&OpenFile) -> Result<(), DatabaseError>,
    ) -> Result<Self, DatabaseError> {
        let file = file.open_or_create()?;
        check(&file)?;
        let failed = |source| DatabaseError::Open {
            file: file.path().to_path_buf(),
            source,
        };
        let mut options = file.options().busy_timeout(connections.timeout);
        match try_open(&options).await {
            Err(error) if is_write_failure(&error) => {
                file.set_full(true);
                tracing::warn!(
                    file = %file.path().display(),
                    "the disk was full when the database was opened, so no other process can use \
                     the database until this one is restarted"
                );
                // This VFS does without the file that SQLite shares with other processes, for which
                // a full disk has no room.
                options = options.vfs("unix-excl");
                try_open(&options).await.map_err(failed)?;
            }
            opened => opened.map_err(failed)?,
        }
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            // With `full`, an end that the user has been told of survives a power failure.
            .synchronous(SqliteSynchronous::Full)
            .pragma("temp_store", "memory");
        let pool = |limit, options| {
            SqlitePoolOptions::new()
                .max_connections(limit)
                .acquire_timeout(connections.timeout)
                .connect_with(options)
        };
        let read_only = options.clone().pragma("query_only", "on");
        let reader_limit = connections.limit.saturating_sub(1).max(1);
        Ok(Self {
            writer: pool(1, options).await.map_err(failed)?,
            readers: pool(reader_limit, read_only).await.map_err(failed)?,
            file: Some(Arc::new(file)),
        })
    }

    /// Creates or updates the tables of Dwell.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Newer`] or [`DatabaseError::Migrate`].
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        self.run_migrations(&MIGRATOR).await
    }

    /// Runs migrations of the program.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Newer`] or [`DatabaseError::Migrate`].
    pub async fn run_migrations(&self, migrator: &Migrator) -> Result<(), DatabaseError> {
        let file = self.path();
        match self.migrate_with(migrator).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(MigrateError::VersionMissing(version))) => {
                Err(DatabaseError::Newer { file, version })
            }
            Ok(Err(error)) => Err(DatabaseError::Migrate {
                file,
                source: error.into(),
            }),
            Err(error) => Err(DatabaseError::Migrate {
                file,
                source: error.into(),
            }),
        }
    }

    async fn migrate_with(
        &self,
        migrator: &Migrator,
    ) -> Result<Result<(), MigrateError>, StoreError> {
        let mut lease = self.writer().await?;
        let connection = lease.connection()?;
        let migrated = migrator.run_direct(None, connection, false).await;
        self.finish(lease, Ok::<_, StoreError>(migrated))
    }

    /// Logs that the file is new, or that other users of the machine can read it, if so.
    pub fn announce(&self) {
        if let Some(file) = &self.file {
            file.announce();
        }
    }

    /// How long an operation waits for a connection.
    pub fn timeout(&self) -> Duration {
        self.writer.options().get_acquire_timeout()
    }

    /// Waits until no connection is in use, and closes all connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Whether the database can be read and written, as far as it is known without trying.
    ///
    /// # Errors
    ///
    /// The reason why it cannot.
    pub fn is_usable(&self) -> Result<(), Unusable> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        file.check_presence()?;
        match file.is_full() {
            true => Err(Unusable::Full),
            false => Ok(()),
        }
    }

    /// Checks whether a database that was unusable can be used again. Call it about once a second.
    ///
    /// # Errors
    ///
    /// The database still cannot be used.
    pub async fn look_again(&self) -> Result<(), StoreError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        file.check_presence().map_err(StoreError::new)?;
        if file.is_full() {
            self.write(|connection| Box::pin(rewrite_page(connection)))
                .await?;
            file.set_full(false);
        }
        Ok(())
    }

    /// Runs `operation` with the connection that writes.
    ///
    /// There is no limit on how long `operation` may take; SQLite itself limits how long it waits
    /// for locks, by the busy timeout. If a statement writes and returns rows, read all of them,
    /// with `fetch_all`: SQLite writes after the last row, and reports only then whether it could.
    ///
    /// # Errors
    ///
    /// The error of `operation`. The operation also fails if no connection becomes free within the
    /// [`timeout`](Self::timeout), or if the file is not at its path before or afterwards.
    pub async fn write<T, E: Into<StoreError>>(
        &self,
        operation: impl for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>>,
    ) -> Result<T, StoreError> {
        let mut lease = self.writer().await?;
        let answer = operation(lease.connection()?).await;
        self.finish(lease, answer)
    }

    /// Runs `operation`, which must not change anything, with a connection that reads.
    ///
    /// # Errors
    ///
    /// The same as those of [`write`](Self::write).
    pub async fn read<T, E: Into<StoreError>>(
        &self,
        operation: impl for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>>,
    ) -> Result<T, StoreError> {
        let mut lease = self.reader().await?;
        let answer = operation(lease.connection()?).await;
        self.finish(lease, answer)
    }

    /// The connection that writes, for one operation. Pass it to [`finish`](Self::finish)
    /// afterwards.
    pub(crate) async fn writer(&self) -> Result<Lease<Sqlite>, StoreError> {
        self.check_presence()?;
        let mut lease = Lease::new(self.writer.acquire().await?);
        if is_left_in_transaction(lease.connection()?).await? {
            // Dropping the lease closes the connection, so that the pool opens another.
            drop(lease);
            lease = Lease::new(self.writer.acquire().await?);
        }
        Ok(lease)
    }

    /// A connection that reads, for one operation. Pass it to [`finish`](Self::finish) afterwards.
    pub(crate) async fn reader(&self) -> Result<Lease<Sqlite>, StoreError> {
        self.check_presence()?;
        Ok(Lease::new(self.readers.acquire().await?))
    }

    /// Returns the connection to its pool, and passes on its answer.
    pub(crate) fn finish<T, E: Into<StoreError>>(
        &self,
        lease: Lease<Sqlite>,
        answer: Result<T, E>,
    ) -> Result<T, StoreError> {
        // What has been written into a file that was removed is not acknowledged, and the
        // connection is closed, because it may lead to another file.
        self.check_presence()?;
        lease.give_back();
        let answer = answer.map_err(Into::into);
        if let Some(file) = &self.file
            && answer.as_ref().is_err_and(is_disk_full)
        {
            file.set_full(true);
        }
        answer
    }

    fn check_presence(&self) -> Result<(), StoreError> {
        match &self.file {
            Some(file) => file.check_presence().map_err(StoreError::new),
            None => Ok(()),
        }
    }

    fn path(&self) -> PathBuf {
        match &self.file {
            Some(file) => file.path().to_path_buf(),
            None => self.writer.connect_options().get_filename().to_path_buf(),
        }
    }
}

impl From<SqlitePool> for Database {
    /// Uses one pool for writing and for reading: see [`Database::from_pools`].
    fn from(pool: SqlitePool) -> Self {
        Self::from_pools(pool.clone(), pool)
    }
}

/// Tries to open the database once: a pool retries until its timeout and does not report the reason
/// of a failure.
async fn try_open(options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = options.connect().await?;
    let opened = connection
        .execute("pragma journal_mode = wal; select count(*) from sqlite_schema")
        .await;
    // The connection has to be closed even after a failure, because the connections of a process
    // share what one of them has opened.
    connection.close().await?;
    opened.map(|_| ())
}

/// Whether sqlx wrongly believes that a transaction is open on this connection. This happens when
/// SQLite has rolled one back itself, because it could not write. sqlx would not begin another
/// transaction on this connection.
async fn is_left_in_transaction(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if !connection.is_in_transaction() {
        return Ok(false);
    }
    // sqlx may still be rolling back. The ping waits for it.
    connection.ping().await?;
    Ok(connection.is_in_transaction())
}

/// Writes one page of the file without changing it, to find out whether SQLite can write.
async fn rewrite_page(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let (version,): (i64,) = sqlx::query_as("pragma user_version")
        .fetch_one(&mut *connection)
        .await?;
    let same = AssertSqlSafe(format!("pragma user_version = {version}"));
    connection.execute(same).await?;
    Ok(())
}
