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

/// The application's own tables. Those of sessions and drafts are the library's, and come first.
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

/// Carries out `$body`, which is written once, on whichever engine `$database` is, with the
/// connection that writes. In the longer form `$drafts` names the drafts of that engine.
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

/// As [`write!`], of what changes nothing.
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
    /// Opens the database at `url`, brings its tables up to date, and makes an embedded one where
    /// there is none.
    ///
    /// # Errors
    ///
    /// The step that failed, with the place concerned.
    pub async fn open(url: &DatabaseUrl, connections: Connections) -> Result<Self, DatabaseError> {
        let database = match url {
            DatabaseUrl::Sqlite(file) => {
                Self::Sqlite(sqlite::Database::open(file.clone(), connections).await?)
            }
            DatabaseUrl::Postgres(server) => Self::connect(server, connections).await?,
        };
        database.up_to_date().await
    }

    /// As [`open`](Self::open), and makes sure that no other process keeps sessions in an embedded
    /// database for as long as this is open: each would only know its own.
    ///
    /// # Errors
    ///
    /// Another process does, it cannot be found out, or see [`open`](Self::open).
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

    /// Logs what the operator should know of the file of an embedded database.
    pub fn announce(&self) {
        if let Self::Sqlite(database) = self {
            database.announce();
        }
    }

    /// Waits until nobody uses it, and leaves it.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database) => database.close().await,
        }
    }

    /// Whether it can be read and written, as far as that is known without asking it.
    ///
    /// # Errors
    ///
    /// It cannot.
    pub fn is_usable(&self) -> Result<(), sqlite::Unusable> {
        match self {
            Self::Sqlite(database) => database.is_usable(),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Finds out whether what was wrong with it still is. To be called about once a second.
    ///
    /// # Errors
    ///
    /// It is.
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
