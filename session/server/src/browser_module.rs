//! The WebAssembly module for the browser, for programs that do not build one of their own.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderName, header},
    response::IntoResponse,
    routing::get,
};
use dwell_session::Names;
use sha2::{Digest as _, Sha256};

const SCRIPT: &str = "dwell.js";
const WASM: &str = "dwell.wasm";

/// The module for the browser: a script, and the WebAssembly that the script loads. `cargo xtask
/// module` in the repository of Dwell builds both files.
///
/// [`Dwell::routes`](crate::Dwell::routes) serves them at paths that change with their content, so
/// that browsers can cache them for ever. They are not compressed: a layer that compresses answers,
/// such as the one of `tower_http`, reduces them to a third.
#[derive(Clone)]
pub struct BrowserModule {
    script: Bytes,
    wasm: Bytes,
    version: String,
}

impl BrowserModule {
    /// Reads the files `dwell.js` and `dwell.wasm` in `directory`.
    ///
    /// # Errors
    ///
    /// One of the files cannot be read.
    pub fn read(directory: impl AsRef<Path>) -> Result<Self, BrowserModuleError> {
        let read = |name| {
            let path = directory.as_ref().join(name);
            fs::read(&path).map_err(|error| BrowserModuleError { path, error })
        };
        Ok(Self::new(read(SCRIPT)?, read(WASM)?))
    }

    /// Makes a module from the content of its two files, for a program that has them in its binary.
    pub fn new(script: impl Into<Bytes>, wasm: impl Into<Bytes>) -> Self {
        let (script, wasm) = (script.into(), wasm.into());
        let digest = Sha256::new().chain_update(&script).chain_update(&wasm);
        let digest = digest.finalize();
        let version = digest[..8].iter().map(|byte| format!("{byte:02x}"));
        Self {
            version: version.collect(),
            script,
            wasm,
        }
    }

    /// The paths of the files, which begin with the path in `names`.
    pub(crate) fn paths(&self, names: &Names) -> ModulePaths {
        let path = |file| format!("{}/{}/{file}", names.module, self.version);
        ModulePaths {
            script: path(SCRIPT),
            wasm: path(WASM),
        }
    }

    pub(crate) fn routes<S: Clone + Send + Sync + 'static>(&self, names: &Names) -> Router<S> {
        let ModulePaths { script, wasm } = self.paths(names);
        let file = |content: &Bytes, kind| {
            let content = content.clone();
            get(move || async move { file_response(content, kind) })
        };
        Router::new()
            .route(&script, file(&self.script, "text/javascript"))
            .route(&wasm, file(&self.wasm, "application/wasm"))
    }
}

fn file_response(content: Bytes, kind: &'static str) -> impl IntoResponse {
    const NO_SNIFFING: HeaderName = header::X_CONTENT_TYPE_OPTIONS;
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (NO_SNIFFING, "nosniff"),
    ];
    (headers, content)
}

impl fmt::Debug for BrowserModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserModule")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The paths at which a browser finds the files of the [`BrowserModule`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModulePaths {
    /// The path of the script.
    pub script: String,
    /// The path of the WebAssembly that the script loads.
    pub wasm: String,
}

/// A file of the module cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the file {} of the module for the browser: {error} (`cargo xtask module` builds this file)", .path.display())]
pub struct BrowserModuleError {
    path: PathBuf,
    #[source]
    error: io::Error,
}
