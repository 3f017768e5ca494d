//! A clock that a test sets, for processes that run with libfaketime.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use tempfile::TempDir;

/// The file from which libfaketime reads by how much the clock of a process is wrong.
pub struct Faketime(TempDir);

impl Faketime {
    /// A clock that is correct at first.
    pub fn correct() -> Self {
        let directory = TempDir::new().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let faketime = Self(directory);
        faketime.set("+0");
        faketime
    }

    /// Sets the clock, at once, to the correct time plus `offset`, such as `-10m`.
    pub fn set(&self, offset: &str) {
        let new = self.0.path().join("new");
        fs::write(&new, offset).unwrap();
        fs::rename(new, self.file()).unwrap();
    }

    /// The environment variables that the process is started with.
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

/// The path of libfaketime.
pub fn library() -> PathBuf {
    let places = fs::read_dir("/usr/lib").unwrap();
    places
        .map(|place| place.unwrap().path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.is_file())
        .unwrap_or_else(|| {
            panic!("libfaketime is not installed: `cargo xtask setup` installs it, or `apt-get install faketime`")
        })
}
