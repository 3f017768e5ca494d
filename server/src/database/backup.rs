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

/// Copies the database at `url` into `file`, where there must be none yet.
///
/// The sessions that are live in the database have ended in the copy, at `now`: it would otherwise
/// bring back, when it is put in the place of the database, those that end from now on.
///
/// # Errors
///
/// See [`BackupError`]. Then there is no `file`.
pub async fn back_up(url: &DatabaseUrl, file: &Path, now: Instant) -> Result<(), BackupError> {
    let DatabaseUrl::Sqlite(database) = url else {
        let place = url.to_string();
        return Err(BackupError::OnServer { place });
    };
    let cannot_write = |source| BackupError::Write {
        file: file.to_path_buf(),
        source,
    };
    // Only its owner may read it: it holds the hashes of passwords.
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

/// Neither makes a database nor changes its schema, which a server of another version may use.
async fn open(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new().filename(file).connect().await
}

/// No backup was made. Each error is one line, without the password.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is on a server, which has its own means.
    #[error(
        "{place} (DWELL_DATABASE_URL) is on a server: \
         back it up with `pg_dump --exclude-table-data=dwell_sessions`"
    )]
    OnServer {
        /// The server.
        place: String,
    },
    /// There is a file of this name.
    #[error("there is a file {} already: choose another name for the backup", .0.display())]
    Taken(PathBuf),
    /// The file cannot be written.
    #[error("cannot write the backup {}", .file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database cannot be read, or it is none of Dwell's.
    #[error("cannot back up the database {place} (DWELL_DATABASE_URL)")]
    Copy {
        /// The file of the database.
        place: String,
        /// Why.
        source: sqlx::Error,
    },
}
