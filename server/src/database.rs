//! The embedded database.

use std::{path::PathBuf, str::FromStr, time::Duration};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// How long a writer waits for another, before the store counts as failing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECTIONS: u32 = 8;

/// Opens the database at `url`, creates it where there is none, and brings its schema up to date.
///
/// # Errors
///
/// The step that failed, with the file concerned.
pub async fn open(url: &DatabaseUrl) -> Result<SqlitePool, DatabaseError> {
    let file = url.options.get_filename().to_path_buf();
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory).map_err(|source| DatabaseError::Directory {
            directory: directory.to_path_buf(),
            source,
        })?;
    }
    let options = url
        .options
        .clone()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // An end that the user has been told of survives a power failure.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT);
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(BUSY_TIMEOUT)
        .connect_with(options)
        .await
        .map_err(|source| DatabaseError::Open {
            file: file.clone(),
            source,
        })?;
    sqlx::migrate!()
        .run(&pool)
        .await
        .map_err(|source| DatabaseError::Migrate { file, source })?;
    Ok(pool)
}

/// Where the database is.
#[derive(Debug, Clone)]
pub struct DatabaseUrl {
    options: SqliteConnectOptions,
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let is_file = url
            .strip_prefix("sqlite://")
            .is_some_and(|path| !path.is_empty() && !path.contains(":memory:"));
        if !is_file {
            return Err(InvalidDatabaseUrl);
        }
        let options = url.parse().map_err(|_| InvalidDatabaseUrl)?;
        Ok(Self { options })
    }
}

/// A text that is no [`DatabaseUrl`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("allowed is a file such as sqlite://data/dwell.db or sqlite:///var/lib/dwell/dwell.db")]
pub struct InvalidDatabaseUrl;

/// The database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Its directory cannot be made.
    #[error("cannot create the directory {} for the database", .directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be opened.
    #[error("cannot open the database {}", .file.display())]
    Open {
        /// The file.
        file: PathBuf,
        /// Why.
        source: sqlx::Error,
    },
    /// The schema cannot be brought up to date.
    #[error("cannot bring the schema of {} up to date", .file.display())]
    Migrate {
        /// The file.
        file: PathBuf,
        /// Why.
        source: sqlx::migrate::MigrateError,
    },
}
