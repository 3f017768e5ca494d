//! The file of an embedded database, which may be taken away under the server.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use sqlx::any::AnyConnectOptions;

use super::DatabaseError;

/// Where an embedded database is.
#[derive(Debug, Clone)]
pub struct DatabaseFile {
    pub(super) path: PathBuf,
    pub(super) parameters: Option<String>,
}

/// The file of a database that is in use.
///
/// It is kept open for as long as the database is: closing any descriptor of the file would give
/// up the locks that SQLite holds on it in this process.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: File,
    /// Absolute, so that it reads the same wherever it is read.
    path: PathBuf,
    identity: Identity,
    parameters: Option<String>,
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

/// Why an embedded database is of no use at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// What is written into it would be kept nowhere.
    #[error("the file of the database has been removed or replaced")]
    Lost,
    /// Nothing can be written into it.
    #[error("the database cannot be written: its disk is full or fails")]
    Full,
}

impl DatabaseFile {
    /// Opens the file, and makes an empty one where there is none. What is made is for its owner
    /// alone, since it holds the hashes of passwords.
    pub(super) fn open_or_make(&self) -> Result<OpenFile, DatabaseError> {
        let directory = self.directory();
        let of_directory = |source| DatabaseError::Directory {
            directory: directory.to_path_buf(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(of_directory)?;
        match self.open() {
            Err(DatabaseError::Missing { .. }) if self.may_be_made() => {}
            opened => return opened,
        }
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&self.path)
            .map_err(|source| self.unreadable(source))?;
        Ok(OpenFile {
            is_new: true,
            ..self.open()?
        })
    }

    /// Opens the file that is there.
    pub(super) fn open(&self) -> Result<OpenFile, DatabaseError> {
        let unreadable = |source| self.unreadable(source);
        let file = File::open(&self.path).map_err(unreadable)?;
        let name = self.path.file_name().unwrap_or_default();
        let directory = self.directory().canonicalize().map_err(unreadable)?;
        Ok(OpenFile {
            identity: Identity::from(&file.metadata().map_err(unreadable)?),
            file,
            path: directory.join(name),
            parameters: self.parameters.clone(),
            is_new: false,
            is_lost: AtomicBool::new(false),
            is_full: AtomicBool::new(false),
        })
    }

    fn directory(&self) -> &Path {
        match self.path.parent() {
            Some(directory) if directory != Path::new("") => directory,
            _ => Path::new("."),
        }
    }

    /// Unless the operator says that it is there.
    fn may_be_made(&self) -> bool {
        let parameters = self.parameters.as_deref().unwrap_or_default();
        form_urlencoded::parse(parameters.as_bytes())
            .all(|(name, value)| name != "mode" || value == "rwc")
    }

    fn unreadable(&self, source: io::Error) -> DatabaseError {
        let place = self.path.display().to_string();
        match source.kind() {
            io::ErrorKind::NotFound => DatabaseError::Missing { place },
            _ => DatabaseError::Read { place, source },
        }
    }
}

impl OpenFile {
    /// How SQLite opens it. Only [`DatabaseFile::open_or_make`] makes a file: a connection that
    /// finds none must not begin an empty database.
    pub(super) fn options(&self) -> Result<AnyConnectOptions, sqlx::Error> {
        let mut options: AnyConnectOptions = "sqlite:///".parse()?;
        let url = &mut options.database_url;
        url.set_path(&self.path.to_string_lossy().replace('%', "%25"));
        let parameters = self.parameters.as_deref().unwrap_or_default();
        let kept = form_urlencoded::parse(parameters.as_bytes())
            .filter(|(name, value)| name != "mode" || value != "rwc");
        url.query_pairs_mut().clear().extend_pairs(kept);
        Ok(options)
    }

    /// Makes sure that no other process keeps sessions in this file, by whichever of its names.
    /// This lock and those of SQLite do not know of each other.
    pub(super) fn hold(&self) -> Result<(), DatabaseError> {
        let place = || self.path.display().to_string();
        match self.file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(DatabaseError::Held { place: place() }),
            Err(TryLockError::Error(source)) => Err(DatabaseError::Hold {
                place: place(),
                source,
            }),
        }
    }

    /// Whether the file is still where it was opened. That it is not, or is again, is logged once.
    pub(super) fn find(&self) -> Result<(), Unusable> {
        let found = fs::metadata(&self.path).map(|metadata| Identity::from(&metadata));
        let is_lost = found.ok() != Some(self.identity);
        if self.is_lost.swap(is_lost, Ordering::Relaxed) != is_lost {
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

    /// Whether something could not be written when that was tried last.
    pub(super) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    /// Learns whether something could be written. That it could not, or can be again, is logged
    /// once.
    pub(super) fn set_full(&self, is_full: bool) {
        if self.is_full.swap(is_full, Ordering::Relaxed) != is_full {
            let file = self.path.display();
            match is_full {
                true => tracing::error!(%file, "{}", Unusable::Full),
                false => tracing::info!(%file, "the database can be written again"),
            }
        }
    }

    pub(super) fn announce(&self) {
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
