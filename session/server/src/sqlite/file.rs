//! The file of a database. Somebody may remove it while it is in use.

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

/// The path of a SQLite database, and whether it may be created.
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
    may_be_created: bool,
}

impl DatabaseFile {
    /// The file at `path`. It is created if it does not exist.
    pub fn at(path: impl AsRef<Path>) -> Self {
        Self {
            options: SqliteConnectOptions::new().filename(path),
            may_be_created: true,
        }
    }

    /// Requires that the file exists: opening the database fails if it does not.
    pub fn existing(self) -> Self {
        Self {
            may_be_created: false,
            ..self
        }
    }

    /// The path of the file, as it was given.
    pub fn path(&self) -> &Path {
        self.options.get_filename()
    }

    /// Opens the file, or creates it if it does not exist. Only its owner can read a new file,
    /// because it shows who is signed in.
    pub(super) fn open_or_create(&self) -> Result<OpenFile, DatabaseError> {
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
            Err(DatabaseError::Missing { .. }) if self.may_be_created => {}
            opened => return opened,
        }
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.path())
            .map_err(|source| self.open_error(source))?;
        Ok(OpenFile {
            is_new: true,
            ..self.open()?
        })
    }

    fn open(&self) -> Result<OpenFile, DatabaseError> {
        let open_error = |source| self.open_error(source);
        let file = File::open(self.path()).map_err(open_error)?;
        let name = self.path().file_name().unwrap_or_default();
        let directory = self.directory().canonicalize().map_err(open_error)?;
        let path = directory.join(name);
        Ok(OpenFile {
            identity: Identity::from(&file.metadata().map_err(open_error)?),
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

    fn open_error(&self, source: io::Error) -> DatabaseError {
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

    /// Reads a URL such as `sqlite://data/sessions.db`. With the parameter `mode=rw` or `mode=ro`
    /// the file must exist.
    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let rest = url.strip_prefix("sqlite://").ok_or(InvalidDatabaseUrl)?;
        let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        if path.is_empty() || path.contains(":memory:") {
            return Err(InvalidDatabaseUrl);
        }
        let mut may_be_created = true;
        for (name, value) in form_urlencoded::parse(parameters.as_bytes()) {
            match (name.as_ref(), value.as_ref()) {
                ("mode", "memory") => return Err(InvalidDatabaseUrl),
                ("mode", mode) => may_be_created = mode == "rwc",
                _ => {}
            }
        }
        Ok(Self {
            options: url.parse().map_err(|_| InvalidDatabaseUrl)?,
            may_be_created,
        })
    }
}

/// The text is not the URL of a [`DatabaseFile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a SQLite database is a file such as sqlite://data/sessions.db or \
     sqlite:///var/lib/program/sessions.db"
)]
pub struct InvalidDatabaseUrl;

/// The file of a database that is in use.
///
/// It stays open as long as the database: closing any descriptor of the file would release the
/// locks that SQLite has on it in this process.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: File,
    options: SqliteConnectOptions,
    /// The absolute path, which is still valid if the process changes its working directory.
    path: PathBuf,
    identity: Identity,
    is_new: bool,
    is_lost: AtomicBool,
    is_full: AtomicBool,
}

/// Identifies a file independently of its name.
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
    /// The options with which SQLite opens the file. They do not create it: only
    /// [`DatabaseFile::open_or_create`] does, because a connection that finds no file must not
    /// begin an empty database.
    pub fn options(&self) -> SqliteConnectOptions {
        self.options.clone()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Locks the file, so that no other process uses it for sessions, by whichever of its names.
    /// This lock is independent of those of SQLite.
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

    /// Checks that the file is still at its path. A change is logged once.
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

    /// Whether the last attempt of SQLite to write has failed.
    pub fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    /// Records whether SQLite could write. A change is logged once.
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
            tracing::info!(%file, "there was no database: an empty one has been created");
        }
        if self.is_readable_by_others() {
            tracing::warn!(
                %file,
                "others on this machine can read the database: change its permissions with chmod 600"
            );
        }
    }

    /// Whether other users than the owner and root can read the file.
    fn is_readable_by_others(&self) -> bool {
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
    fn a_url_has_a_path_and_says_whether_the_file_may_be_created() {
        for (url, path, may_be_created) in [
            ("sqlite://data/a.db", "data/a.db", true),
            ("sqlite:///var/a%20b.db", "/var/a b.db", true),
            ("sqlite://a.db?mode=rwc", "a.db", true),
            ("sqlite://a.db?mode=rw", "a.db", false),
            ("sqlite://a.db?mode=ro", "a.db", false),
            ("sqlite://a.db?vfs=unix-excl", "a.db", true),
        ] {
            let file: DatabaseFile = url.parse().unwrap();
            assert_eq!(file.path(), Path::new(path), "{url}");
            assert_eq!(file.may_be_created, may_be_created, "{url}");
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
