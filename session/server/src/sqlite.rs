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
use self::{error::is_unwritten, file::OpenFile};
pub use self::{
    error::{DatabaseError, Unusable},
    file::{DatabaseFile, InvalidDatabaseUrl},
};
use crate::{Connections, lease::Lease, store::StoreError};

/// The tables of Dwell, for [`Database::migrate`]. What has been carried out is recorded in the table
/// `_dwell_migrations`, so that it does not meet the program's own migrations.
pub static MIGRATOR: Migrator = Migrator {
    table_name: Cow::Borrowed("_dwell_migrations"),
    ..sqlx::migrate!("./migrations/sqlite")
};

/// A SQLite database with its connections. Clones share them.
///
/// SQLite has one writer at a time. All writes go through one connection, where they wait for each
/// other, and reads have connections of their own, so that they do not wait for writes.
///
/// The file is kept in sight: once it has been removed or replaced, every use fails until the very
/// same file is back.
#[derive(Debug, Clone)]
pub struct Database {
    writer: SqlitePool,
    readers: SqlitePool,
    /// The last field, and so closed last: see [`OpenFile`].
    file: Option<Arc<OpenFile>>,
}

impl Database {
    /// Opens the database in `file`, and makes an empty one where there is none. The tables are
    /// made by [`migrate`](Self::migrate).
    ///
    /// # Errors
    ///
    /// The step that failed, with the file.
    pub async fn open(
        file: impl Into<DatabaseFile>,
        connections: Connections,
    ) -> Result<Self, DatabaseError> {
        Self::open_after(&file.into(), connections, |_| Ok(())).await
    }

    /// As [`open`](Self::open), and makes sure that no other process does so too for as long as
    /// this is open: each would know of its own sessions only.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::InUse`] where another process does, or see [`open`](Self::open).
    pub async fn hold(
        file: impl Into<DatabaseFile>,
        connections: Connections,
    ) -> Result<Self, DatabaseError> {
        Self::open_after(&file.into(), connections, OpenFile::lock).await
    }

    /// The database that these pools lead to. `writer` should have one connection, and may be the
    /// same as `readers`.
    ///
    /// The settings of the connections are the program's. The file is not kept in sight, a full disk
    /// is not noticed, and no other process is kept from using it.
    pub fn from_pools(writer: SqlitePool, readers: SqlitePool) -> Self {
        Self {
            writer,
            readers,
            file: None,
        }
    }

    /// `admit` is called before SQLite looks at the file.
    async fn open_after(
        file: &DatabaseFile,
        connections: Connections,
        admit: impl FnOnce(&OpenFile) -> Result<(), DatabaseError>,
    ) -> Result<Self, DatabaseError> {
        let file = file.open_or_make()?;
        admit(&file)?;
        let failed = |source| DatabaseError::Open {
            file: file.path().to_path_buf(),
            source,
        };
        let mut options = file.options().busy_timeout(connections.timeout);
        match prepare(&options).await {
            Err(error) if is_unwritten(&error) => {
                file.set_full(true);
                tracing::warn!(
                    file = %file.path().display(),
                    "no other process can use the database until this one is restarted"
                );
                // Without the file that SQLite shares with other processes, for which a full disk
                // has no room.
                options = options.vfs("unix-excl");
                prepare(&options).await.map_err(failed)?;
            }
            prepared => prepared.map_err(failed)?,
        }
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            // An end that the user has been told of survives a power failure.
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

    /// Makes the tables of Dwell, or brings them up to date.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Newer`] or [`DatabaseError::Migrate`].
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        self.run_migrations(&MIGRATOR).await
    }

    /// Runs the program's own migrations.
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

    /// Logs what the operator should know of the file: that it is new, or that others can read it.
    pub fn announce(&self) {
        if let Some(file) = &self.file {
            file.announce();
        }
    }

    /// How long a connection is waited for.
    pub fn timeout(&self) -> Duration {
        self.writer.options().get_acquire_timeout()
    }

    /// Waits until nobody uses the connections, and closes them.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Whether the database can be read and written, as far as that is known without trying.
    ///
    /// # Errors
    ///
    /// It cannot.
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

    /// Finds out whether what made the database unusable is over. To be called about once a second.
    ///
    /// # Errors
    ///
    /// It is not over.
    pub async fn look_again(&self) -> Result<(), StoreError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        file.check_presence().map_err(StoreError::new)?;
        if file.is_full() {
            self.write(|connection| Box::pin(write_a_page(connection)))
                .await?;
            file.set_full(false);
        }
        Ok(())
    }

    /// Calls `operation` with the connection that writes.
    ///
    /// What SQLite has begun is carried out, however long that takes: it bounds its waits itself,
    /// by the busy timeout. A statement that writes and answers with rows must be read to its end,
    /// with `fetch_all`: SQLite writes after the last row, and only then says whether it could.
    ///
    /// # Errors
    ///
    /// That of `operation`; there is no connection within the timeout; or the file is not where it
    /// was opened, before or after.
    pub async fn write<T, E: Into<StoreError>>(
        &self,
        operation: impl for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>>,
    ) -> Result<T, StoreError> {
        let mut lease = self.writer().await?;
        let answer = operation(lease.connection()?).await;
        self.finish(lease, answer)
    }

    /// Calls `operation`, which changes nothing, with a connection that reads.
    ///
    /// # Errors
    ///
    /// See [`write`](Self::write).
    pub async fn read<T, E: Into<StoreError>>(
        &self,
        operation: impl for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>>,
    ) -> Result<T, StoreError> {
        let mut lease = self.reader().await?;
        let answer = operation(lease.connection()?).await;
        self.finish(lease, answer)
    }

    /// The connection that writes, for one operation, which [`finish`](Self::finish) ends.
    pub(crate) async fn writer(&self) -> Result<Lease<Sqlite>, StoreError> {
        self.check_presence()?;
        let mut lease = Lease::new(self.writer.acquire().await?);
        if is_left_in_transaction(lease.connection()?).await? {
            // Closes it, so that there is room for another.
            drop(lease);
            lease = Lease::new(self.writer.acquire().await?);
        }
        Ok(lease)
    }

    /// A connection that reads, likewise.
    pub(crate) async fn reader(&self) -> Result<Lease<Sqlite>, StoreError> {
        self.check_presence()?;
        Ok(Lease::new(self.readers.acquire().await?))
    }

    /// Gives the connection back, and passes on its answer.
    pub(crate) fn finish<T, E: Into<StoreError>>(
        &self,
        lease: Lease<Sqlite>,
        answer: Result<T, E>,
    ) -> Result<T, StoreError> {
        // What has been written into a file that is nobody's any more is not acknowledged, and a
        // connection that may lead to another file is not used again.
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
    /// For writing and for reading: see [`Database::from_pools`].
    fn from(pool: SqlitePool) -> Self {
        Self::from_pools(pool.clone(), pool)
    }
}

/// Finds out what a pool would try again and again without saying why, until its time is up.
async fn prepare(options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = options.connect().await?;
    let prepared = connection
        .execute("pragma journal_mode = wal; select count(*) from sqlite_schema")
        .await;
    // Waited for where that has failed, too: connections of one process share what one of them has
    // opened.
    connection.close().await?;
    prepared.map(|_| ())
}

/// Whether sqlx takes a transaction for open that nobody is in. It does where SQLite has rolled one back
/// itself, because it could not write, and would begin none on this connection any more.
async fn is_left_in_transaction(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if !connection.is_in_transaction() {
        return Ok(false);
    }
    // A rollback may be under way.
    connection.ping().await?;
    Ok(connection.is_in_transaction())
}

/// Writes a page with what is in it already.
async fn write_a_page(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let (version,): (i64,) = sqlx::query_as("pragma user_version")
        .fetch_one(&mut *connection)
        .await?;
    let same = AssertSqlSafe(format!("pragma user_version = {version}"));
    connection.execute(same).await?;
    Ok(())
}
