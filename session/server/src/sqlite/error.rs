//! How a SQLite database cannot be opened.

use std::{error::Error, io, path::PathBuf};

use sqlx::sqlite::SqliteError;

use crate::store::StoreError;

/// The database cannot be opened or migrated. Each error is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The directory for the file cannot be made.
    #[error("cannot create the directory {} for the database", .directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no file, and none may be made.
    #[error("there is no database {}", .file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// The file cannot be read or made.
    #[error("cannot read the database {}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process keeps its sessions in the file.
    #[error("another process keeps its sessions in {}", .file.display())]
    InUse {
        /// The file.
        file: PathBuf,
    },
    /// Whether another process keeps its sessions in the file cannot be found out.
    #[error("cannot lock {}", .file.display())]
    Lock {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite cannot open the file.
    #[error("cannot open the database {}", .file.display())]
    Open {
        /// The file.
        file: PathBuf,
        /// Why.
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
        /// The first migration that is not known.
        version: i64,
    },
    /// The schema cannot be brought up to date.
    #[error("cannot bring the schema of {} up to date", .file.display())]
    Migrate {
        /// The file.
        file: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Why a database cannot be used at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// What is written into the file would be lost.
    #[error("the file of the database has been removed or replaced")]
    Lost,
    /// Nothing can be written into the file.
    #[error("the database cannot be written: its disk is full or fails")]
    Full,
}

/// Whether SQLite says that it could not write.
pub(crate) fn is_disk_full(error: &StoreError) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref());
    source.is_some_and(is_unwritten)
}

pub(super) fn is_unwritten(error: &sqlx::Error) -> bool {
    const FULL: &str = "13";
    /// `SQLITE_IOERR_WRITE`, `_FSYNC`, `_DIR_FSYNC`, `_TRUNCATE` and `_SHMSIZE`.
    const UNWRITTEN: [&str; 5] = ["778", "1034", "1290", "1546", "4874"];
    error
        .as_database_error()
        .filter(|error| error.try_downcast_ref::<SqliteError>().is_some())
        .and_then(|error| error.code())
        .is_some_and(|code| code == FULL || UNWRITTEN.contains(&code.as_ref()))
}
