//! The directories of the workspace.

use std::path::{Path, PathBuf};

pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// The target directory. It does not depend on the user's configuration of cargo, because the
/// server and the browser tests expect the site and the binary here.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}

pub(crate) fn end2end() -> PathBuf {
    root().join("end2end")
}

pub(crate) fn benches() -> PathBuf {
    root().join("server/benches")
}
