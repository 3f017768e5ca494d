//! Where things are.

use std::path::{Path, PathBuf};

pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// Everything is built here, whatever the person's own cargo configuration says: the server
/// and the browser tests look for the site and the binary under this name.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}

pub(crate) fn end2end() -> PathBuf {
    root().join("end2end")
}

pub(crate) fn benches() -> PathBuf {
    root().join("server/benches")
}
