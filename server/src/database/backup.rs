//! A copy of an embedded database, made while the server runs.

use std::{
    io,
    path::{Path, PathBuf},
};

use dwell::{Instant, store::SqliteStore};
use sqlx::{
    ConnectOptions as _, Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use tempfile::NamedTempFile;

use super::DatabaseUrl;

/// Copies the database at `url` into `file`, which must not exist yet.
///
/// Sessions that are live in the database are ended in the copy, at `now`. Otherwise a restore
/// would revive the sessions that end after the backup.
///
/// # Errors
///
/// See [`BackupError`]. After an error there is no `file`.
pub async fn back_up(url: &DatabaseUrl, file: &Path, now: Instant) -> Result<(), BackupError> {
    let DatabaseUrl::Sqlite(database) = url else {
        let place = url.to_string();
        return Err(BackupError::OnServer { place });
    };
    let cannot_write = |source| BackupError::Write {
        file: file.to_path_buf(),
        source,
    };
    // A temporary file is readable by its owner alone. The copy must be, because it contains
    // password hashes.
    let copy = NamedTempFile::new_in(directory(file)).map_err(cannot_write)?;
    let path = copy
        .path()
        .to_str()
        .ok_or_else(|| cannot_write(io::ErrorKind::InvalidFilename.into()))?;
    fill(path, database.path(), now)
        .await
        .map_err(|source| BackupError::Copy {
            place: url.to_string(),
            source,
        })?;
    copy.as_file().sync_all().map_err(cannot_write)?;
    copy.persist_noclobber(file)
        .map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => BackupError::Taken(file.to_path_buf()),
            _ => cannot_write(error.error),
        })?;
    Ok(())
}

fn directory(file: &Path) -> &Path {
    match file.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    }
}

async fn fill(copy: &str, database: &Path, now: Instant) -> Result<(), sqlx::Error> {
    let mut source = open(database).await?;
    sqlx::query("vacuum into $1")
        .bind(copy)
        .execute(&mut source)
        .await?;
    source.close().await?;
    let mut copied = open(copy.as_ref()).await?;
    SqliteStore::end_in_backup(&mut copied, now).await?;
    copied.close().await
}

/// Opens a database without creating it or changing its schema, because a server of another version
/// may be using it.
async fn open(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new().filename(file).connect().await
}

/// No backup was made. Each error is one line, without the password.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is on a server, which has its own tools for backups.
    #[error(
        "{place} (DWELL_DATABASE_URL) is on a server: \
         back it up with `pg_dump --exclude-table-data=dwell_sessions`"
    )]
    OnServer {
        /// The address of the server.
        place: String,
    },
    /// A file with this name exists.
    #[error("there is a file {} already: choose another name for the backup", .0.display())]
    Taken(PathBuf),
    /// The file cannot be written.
    #[error("cannot write the backup {}", .file.display())]
    Write {
        /// The path of the backup.
        file: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The database cannot be read, or is not a database of Dwell.
    #[error("cannot back up the database {place} (DWELL_DATABASE_URL)")]
    Copy {
        /// The path of the database.
        place: String,
        /// The error of SQLite.
        source: sqlx::Error,
    },
}
