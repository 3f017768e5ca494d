//! A clock that a test sets, for a process that believes it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use tempfile::TempDir;

/// Says how far the process's clock is off.
pub struct Faketime(TempDir);

impl Faketime {
    /// One that is right so far.
    pub fn right() -> Self {
        let directory = TempDir::new().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let faketime = Self(directory);
        faketime.set("+0");
        faketime
    }

    /// Sets it `offset` off, such as `-10m`, at once.
    pub fn set(&self, offset: &str) {
        let new = self.0.path().join("new");
        fs::write(&new, offset).unwrap();
        fs::rename(new, self.file()).unwrap();
    }

    /// What the process is started with.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LD_PRELOAD", library().display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("offset")
    }
}

/// What makes a process believe another time.
pub fn library() -> PathBuf {
    let places = fs::read_dir("/usr/lib").unwrap();
    places
        .map(|place| place.unwrap().path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.is_file())
        .unwrap_or_else(|| {
            panic!("there is no libfaketime: `cargo xtask setup` installs it, or `apt-get install faketime`")
        })
}
