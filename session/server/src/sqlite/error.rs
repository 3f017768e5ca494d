//! The errors of a SQLite database.

use std::{error::Error, io, path::PathBuf};

use sqlx::sqlite::SqliteError;

use crate::store::StoreError;

/// The database cannot be opened or migrated. The message of each error is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The directory of the file cannot be created.
    #[error("cannot create the directory {} for the database", .directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file does not exist, and must not be created.
    #[error("there is no database {}", .file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// The file cannot be read or created.
    #[error("cannot read the database {}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Another process has opened the file for its sessions.
    #[error("another process uses the database {} for its sessions", .file.display())]
    InUse {
        /// The file.
        file: PathBuf,
    },
    /// It cannot be found out whether another process uses the file.
    #[error("cannot lock the database {}", .file.display())]
    Lock {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// SQLite cannot open the file.
    #[error("cannot open the database {}", .file.display())]
    Open {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: sqlx::Error,
    },
    /// The schema has been changed by a newer version of the program.
    #[error(
        "the database {} has migration {version}, which this version of the program does not know: \
         run the newer one", .file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// The number of the first migration that is unknown.
        version: i64,
    },
    /// The schema cannot be brought up to date.
    #[error("cannot bring the schema of {} up to date", .file.display())]
    Migrate {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Why a database cannot be used at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The file is no longer at its path, so what is written into it would be lost.
    #[error("the file of the database has been removed or replaced")]
    Lost,
    /// Nothing can be written into the file, because its disk is full or fails.
    #[error("the database cannot be written: its disk is full or fails")]
    Full,
}

/// Whether the cause of this error is that SQLite could not write.
pub(crate) fn is_disk_full(error: &StoreError) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref());
    source.is_some_and(is_write_failure)
}

pub(super) fn is_write_failure(error: &sqlx::Error) -> bool {
    /// The result code `SQLITE_FULL`.
    const FULL: &str = "13";
    /// The extended result codes `SQLITE_IOERR_WRITE`, `_FSYNC`, `_DIR_FSYNC`, `_TRUNCATE` and
    /// `_SHMSIZE`.
    const WRITE_ERRORS: [&str; 5] = ["778", "1034", "1290", "1546", "4874"];
    error
        .as_database_error()
        .filter(|error| error.try_downcast_ref::<SqliteError>().is_some())
        .and_then(|error| error.code())
        .is_some_and(|code| code == FULL || WRITE_ERRORS.contains(&code.as_ref()))
}
