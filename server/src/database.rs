//! The SQL database of the application: SQLite in a file, or PostgreSQL.

mod backup;
mod check;
mod url;

use std::path::PathBuf;

use dwell::{Connections, postgres, sqlite, store::StoreError};
use sqlx::migrate::Migrator;

pub use self::{
    backup::{BackupError, back_up},
    check::{Checked, Finding, check},
    url::{DatabaseServer, DatabaseUrl, InvalidDatabaseUrl},
};

/// The migrations of the application's own tables. The library migrates its tables for sessions and
/// drafts before these.
static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

/// The database with all connections to it.
#[derive(Debug, Clone)]
pub enum Database {
    /// Embedded: one file, one machine.
    Sqlite(sqlite::Database),
    /// On a server that several nodes may share.
    Postgres(postgres::Database),
}

/// Runs `$body` on whichever engine `$database` is, with a connection that may write. In the longer
/// form, `$drafts` is the type of that engine's drafts.
macro_rules! write {
    ($database:expr, $drafts:ident, |$connection:ident| $body:expr) => {
        match $database {
            $crate::database::Database::Sqlite(database) => {
                use dwell::drafts::SqliteDrafts as $drafts;
                database
                    .write(move |$connection| Box::pin(async move { $body }))
                    .await
            }
            $crate::database::Database::Postgres(database) => {
                use dwell::drafts::PostgresDrafts as $drafts;
                database
                    .run(move |$connection| Box::pin(async move { $body }))
                    .await
            }
        }
    };
    ($database:expr, |$connection:ident| $body:expr) => {
        match $database {
            $crate::database::Database::Sqlite(database) => {
                database
                    .write(move |$connection| Box::pin(async move { $body }))
                    .await
            }
            $crate::database::Database::Postgres(database) => {
                database
                    .run(move |$connection| Box::pin(async move { $body }))
                    .await
            }
        }
    };
}

/// Does the same as [`write!`], for statements that only read.
macro_rules! read {
    ($database:expr, |$connection:ident| $body:expr) => {
        match $database {
            $crate::database::Database::Sqlite(database) => {
                database
                    .read(move |$connection| Box::pin(async move { $body }))
                    .await
            }
            $crate::database::Database::Postgres(database) => {
                database
                    .run(move |$connection| Box::pin(async move { $body }))
                    .await
            }
        }
    };
}

pub(crate) use {read, write};

impl Database {
    /// Opens the database at `url` and runs its migrations. An embedded database is created if it
    /// does not exist.
    ///
    /// # Errors
    ///
    /// The database cannot be opened, or a migration fails.
    pub async fn open(url: &DatabaseUrl, connections: Connections) -> Result<Self, DatabaseError> {
        let database = match url {
            DatabaseUrl::Sqlite(file) => {
                Self::Sqlite(sqlite::Database::open(file.clone(), connections).await?)
            }
            DatabaseUrl::Postgres(server) => Self::connect(server, connections).await?,
        };
        database.up_to_date().await
    }

    /// Does the same as [`open`](Self::open), and locks an embedded database for as long as this is
    /// open, so that no other process keeps sessions in it: each process would serve sessions that
    /// the other has ended.
    ///
    /// # Errors
    ///
    /// Another process has locked the database, or it cannot be opened.
    pub async fn hold(url: &DatabaseUrl, connections: Connections) -> Result<Self, DatabaseError> {
        let DatabaseUrl::Sqlite(file) = url else {
            return Self::open(url, connections).await;
        };
        let database = sqlite::Database::hold(file.clone(), connections).await?;
        Self::Sqlite(database).up_to_date().await
    }

    async fn connect(
        server: &DatabaseServer,
        connections: Connections,
    ) -> Result<Self, DatabaseError> {
        let database = postgres::Database::connect(server.options.clone(), connections).await?;
        Ok(Self::Postgres(database))
    }

    async fn up_to_date(self) -> Result<Self, DatabaseError> {
        match &self {
            Self::Sqlite(database) => {
                database.migrate().await?;
                database.run_migrations(&SQLITE).await?;
            }
            Self::Postgres(database) => {
                database.migrate().await?;
                database.run_migrations(&POSTGRES).await?;
            }
        }
        Ok(self)
    }

    /// Logs what the operator should know about the file of an embedded database.
    pub fn announce(&self) {
        if let Self::Sqlite(database) = self {
            database.announce();
        }
    }

    /// Waits until no connection is in use, and closes them all.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database) => database.close().await,
        }
    }

    /// Whether the database can be read and written, as far as is known without asking it.
    ///
    /// # Errors
    ///
    /// It cannot be read or written.
    pub fn is_usable(&self) -> Result<(), sqlite::Unusable> {
        match self {
            Self::Sqlite(database) => database.is_usable(),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Checks whether a database that could not be used can be used again. It is meant to be called
    /// about once a second.
    ///
    /// # Errors
    ///
    /// The database still cannot be used.
    pub async fn look_again(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(database) => database.look_again().await,
            Self::Postgres(_) => Ok(()),
        }
    }
}

/// The database cannot be opened. Each error is one line, without the password.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Another process keeps its sessions in the file.
    #[error(
        "another dwell keeps its sessions in {}: stop it, or let both use PostgreSQL \
         (DWELL_DATABASE_URL) or Redis (DWELL_SESSION_STORE)", .0.display()
    )]
    InUse(PathBuf),
    /// The file cannot be used.
    #[error("cannot use the database (DWELL_DATABASE_URL)")]
    Sqlite(#[source] sqlite::DatabaseError),
    /// The server cannot be used.
    #[error("cannot use the database (DWELL_DATABASE_URL)")]
    Postgres(#[from] postgres::DatabaseError),
}

impl From<sqlite::DatabaseError> for DatabaseError {
    fn from(error: sqlite::DatabaseError) -> Self {
        match error {
            sqlite::DatabaseError::InUse { file } => Self::InUse(file),
            error => Self::Sqlite(error),
        }
    }
}
