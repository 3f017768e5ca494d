//! The file of a database, which may be taken away while it is in use.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering},
};

use sqlx::sqlite::SqliteConnectOptions;

use super::{DatabaseError, Unusable};

/// Where a SQLite database is.
///
/// ```
/// use dwell::sqlite::DatabaseFile;
///
/// let file = DatabaseFile::at("data/sessions.db");
/// let same: DatabaseFile = "sqlite://data/sessions.db".parse()?;
/// assert_eq!(file.path(), same.path());
/// # Ok::<_, dwell::sqlite::InvalidDatabaseUrl>(())
/// ```
#[derive(Debug, Clone)]
pub struct DatabaseFile {
    options: SqliteConnectOptions,
    may_be_made: bool,
}

impl DatabaseFile {
    /// The file at `path`, which is made where there is none.
    pub fn at(path: impl AsRef<Path>) -> Self {
        Self {
            options: SqliteConnectOptions::new().filename(path),
            may_be_made: true,
        }
    }

    /// The file must be there already: opening the database fails where it is not.
    pub fn existing(self) -> Self {
        Self {
            may_be_made: false,
            ..self
        }
    }

    /// The path of the file, as it was given.
    pub fn path(&self) -> &Path {
        self.options.get_filename()
    }

    /// Opens the file, and makes an empty one where there is none. What is made is for its owner
    /// alone, since it tells who is signed in.
    pub(super) fn open_or_make(&self) -> Result<OpenFile, DatabaseError> {
        let directory = self.directory();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|source| DatabaseError::Directory {
                directory: directory.to_path_buf(),
                source,
            })?;
        match self.open() {
            Err(DatabaseError::Missing { .. }) if self.may_be_made => {}
            opened => return opened,
        }
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.path())
            .map_err(|source| self.unreadable(source))?;
        Ok(OpenFile {
            is_new: true,
            ..self.open()?
        })
    }

    fn open(&self) -> Result<OpenFile, DatabaseError> {
        let unreadable = |source| self.unreadable(source);
        let file = File::open(self.path()).map_err(unreadable)?;
        let name = self.path().file_name().unwrap_or_default();
        let directory = self.directory().canonicalize().map_err(unreadable)?;
        let path = directory.join(name);
        Ok(OpenFile {
            identity: Identity::from(&file.metadata().map_err(unreadable)?),
            file,
            options: self
                .options
                .clone()
                .filename(&path)
                .create_if_missing(false),
            path,
            is_new: false,
            is_lost: AtomicBool::new(false),
            is_full: AtomicBool::new(false),
        })
    }

    fn directory(&self) -> &Path {
        match self.path().parent() {
            Some(directory) if directory != Path::new("") => directory,
            _ => Path::new("."),
        }
    }

    fn unreadable(&self, source: io::Error) -> DatabaseError {
        let file = self.path().to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => DatabaseError::Missing { file },
            _ => DatabaseError::Read { file, source },
        }
    }
}

impl From<&Path> for DatabaseFile {
    fn from(path: &Path) -> Self {
        Self::at(path)
    }
}

impl From<PathBuf> for DatabaseFile {
    fn from(path: PathBuf) -> Self {
        Self::at(path)
    }
}

impl FromStr for DatabaseFile {
    type Err = InvalidDatabaseUrl;

    /// Reads a URL such as `sqlite://data/sessions.db`. With the parameter `mode=rw` the file must
    /// be there already.
    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let rest = url.strip_prefix("sqlite://").ok_or(InvalidDatabaseUrl)?;
        let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        if path.is_empty() || path.contains(":memory:") {
            return Err(InvalidDatabaseUrl);
        }
        let mut may_be_made = true;
        for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
            match (name.as_ref(), value.as_ref()) {
                ("mode", "memory") => return Err(InvalidDatabaseUrl),
                ("mode", mode) => may_be_made = mode == "rwc",
                _ => {}
            }
        }
        Ok(Self {
            options: url.parse().map_err(|_| InvalidDatabaseUrl)?,
            may_be_made,
        })
    }
}

/// A text that does not say where a [`DatabaseFile`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a SQLite database is a file such as sqlite://data/sessions.db or \
     sqlite:///var/lib/program/sessions.db"
)]
pub struct InvalidDatabaseUrl;

/// The file of a database that is in use.
///
/// It is kept open for as long as the database is: closing any descriptor of the file would give
/// up the locks that SQLite holds on it in this process.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: File,
    options: SqliteConnectOptions,
    /// Absolute, so that it still leads there when the process changes its directory.
    path: PathBuf,
    identity: Identity,
    is_new: bool,
    is_lost: AtomicBool,
    is_full: AtomicBool,
}

/// Which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl From<&Metadata> for Identity {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

impl OpenFile {
    /// How SQLite opens it. Only [`DatabaseFile::open_or_make`] makes a file: a connection that
    /// finds none must not begin an empty database.
    pub fn options(&self) -> SqliteConnectOptions {
        self.options.clone()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes sure that no other process keeps sessions in this file, by whichever of its names.
    /// This lock and those of SQLite do not know of each other.
    pub fn lock(&self) -> Result<(), DatabaseError> {
        let file = || self.path.clone();
        match self.file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(DatabaseError::InUse { file: file() }),
            Err(TryLockError::Error(source)) => Err(DatabaseError::Lock {
                file: file(),
                source,
            }),
        }
    }

    /// Whether the file is still where it was opened. That it is not, or is again, is logged once.
    pub fn check_presence(&self) -> Result<(), Unusable> {
        let found = fs::metadata(&self.path).map(|metadata| Identity::from(&metadata));
        let is_lost = found.ok() != Some(self.identity);
        if self.is_lost.load(Ordering::Relaxed) != is_lost
            && self.is_lost.swap(is_lost, Ordering::Relaxed) != is_lost
        {
            let file = self.path.display();
            match is_lost {
                true => tracing::error!(%file, "{}: every request is denied", Unusable::Lost),
                false => tracing::info!(%file, "the file of the database is back"),
            }
        }
        match is_lost {
            true => Err(Unusable::Lost),
            false => Ok(()),
        }
    }

    /// Whether SQLite could not write when it last tried.
    pub fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    /// Remembers whether SQLite could write. That it could not, or can again, is logged once.
    pub fn set_full(&self, is_full: bool) {
        if self.is_full.swap(is_full, Ordering::Relaxed) != is_full {
            let file = self.path.display();
            match is_full {
                true => tracing::error!(%file, "{}", Unusable::Full),
                false => tracing::info!(%file, "the database can be written again"),
            }
        }
    }

    pub fn announce(&self) {
        let file = self.path.display();
        if self.is_new {
            tracing::info!(%file, "there was no database: an empty one has been made");
        }
        if self.is_open_to_others() {
            tracing::warn!(%file, "others on this machine can read the database: chmod 600");
        }
    }

    /// Whether somebody but its owner and the system's administrator can read it.
    fn is_open_to_others(&self) -> bool {
        let mode = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.mode());
        let (file, directory) = (mode(&self.path), self.path.parent().map_or(0, mode));
        let group = file & 0o040 != 0 && directory & 0o010 != 0;
        let everybody = file & 0o004 != 0 && directory & 0o001 != 0;
        group || everybody
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_leads_to_a_file_and_says_whether_it_may_be_made() {
        for (url, path, may_be_made) in [
            ("sqlite://data/a.db", "data/a.db", true),
            ("sqlite:///var/a%20b.db", "/var/a b.db", true),
            ("sqlite://a.db?mode=rwc", "a.db", true),
            ("sqlite://a.db?mode=rw", "a.db", false),
            ("sqlite://a.db?mode=ro", "a.db", false),
            ("sqlite://a.db?vfs=unix-excl", "a.db", true),
        ] {
            let file: DatabaseFile = url.parse().unwrap();
            assert_eq!(file.path(), Path::new(path), "{url}");
            assert_eq!(file.may_be_made, may_be_made, "{url}");
        }
        for url in [
            "",
            "data/a.db",
            "sqlite://",
            "sqlite://:memory:",
            "sqlite://a.db?mode=memory",
            "sqlite://a.db?mode=other",
            "postgres://host/database",
        ] {
            assert!(url.parse::<DatabaseFile>().is_err(), "{url}");
        }
    }
}
