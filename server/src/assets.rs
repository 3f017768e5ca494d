//! The built files that the pages load.

use std::path::{Path, PathBuf};

use dwell_app::pages::Assets;
use leptos::config::get_configuration;

/// The file beside the binary in which the build lists the hashes that are in the file names.
const HASHES: &str = "hash.txt";

/// The directory of the built files, and their names.
#[derive(Debug, Clone)]
pub struct Built {
    directory: PathBuf,
    assets: Assets,
    /// Whether the names contain a hash of the content, so that browsers may cache the files for
    /// ever.
    is_hashed: bool,
}

impl Built {
    /// Finds the built site: in `site_root` if one is given, else in `site` beside the binary,
    /// else in `target/site`.
    ///
    /// # Errors
    ///
    /// There is no built site, or it does not belong to this binary.
    pub fn find(site_root: Option<&Path>) -> Result<Self, SiteError> {
        let beside = std::env::current_exe()
            .ok()
            .and_then(|binary| Some(binary.parent()?.to_path_buf()));
        let candidates: Vec<PathBuf> = match site_root {
            Some(root) => vec![root.to_path_buf()],
            None => beside
                .iter()
                .map(|directory| directory.join("site"))
                .chain([PathBuf::from("target/site")])
                .collect(),
        };
        let directory = candidates
            .iter()
            .map(|root| root.join("pkg"))
            .find(|directory| directory.is_dir())
            .ok_or(SiteError::Missing { candidates })?;
        let hashes = beside
            .and_then(|directory| std::fs::read_to_string(directory.join(HASHES)).ok())
            .unwrap_or_default();
        // The list of hashes may come from an earlier build, while the latest build has none.
        [hashes.as_str(), ""]
            .into_iter()
            .find(|hashes| directory.join(file_name("js", hashes)).is_file())
            .map(|hashes| Self::named(directory.clone(), hashes))
            .ok_or(SiteError::Stale { directory })
    }

    /// The files in `directory`, whose names contain the hashes in `hashes`. Each line there has
    /// the form `extension: hash`; a file whose extension is not listed has no hash in its name.
    pub fn named(directory: PathBuf, hashes: &str) -> Self {
        let path = |extension| format!("/pkg/{}", file_name(extension, hashes));
        let is_watched = std::env::var_os("LEPTOS_WATCH").is_some();
        let reload = is_watched
            .then(|| get_configuration(None).ok())
            .flatten()
            .map(|file| file.leptos_options);
        Self {
            assets: Assets {
                style: path("css"),
                script: path("js"),
                wasm: path("wasm"),
                reload,
            },
            directory,
            is_hashed: !hashes.is_empty(),
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn is_hashed(&self) -> bool {
        self.is_hashed
    }

    pub(crate) fn assets(&self) -> &Assets {
        &self.assets
    }
}

fn file_name(extension: &str, hashes: &str) -> String {
    let hash = hashes
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == extension)
        .map(|(_, hash)| hash.trim());
    match hash {
        Some(hash) => format!("dwell.{hash}.{extension}"),
        None => format!("dwell.{extension}"),
    }
}

/// The built site cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// None of the expected directories contains a built site.
    #[error(
        "no built site in {}: build it with `cargo xtask run`, or say where it is in DWELL_SITE_ROOT",
        .candidates.iter().map(|c| c.display().to_string()).collect::<Vec<_>>().join(" or ")
    )]
    Missing {
        /// The directories that were tried.
        candidates: Vec<PathBuf>,
    },
    /// A file that this binary needs is missing.
    #[error(
        "the files in {} do not belong to this binary: build both with `cargo xtask run`",
        .directory.display()
    )]
    Stale {
        /// Where the files are.
        directory: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_as_the_build_says() {
        let named = Built::named(PathBuf::new(), "js: ab1\nwasm: cd2\ncss: ef3\n");
        assert_eq!(named.assets.script, "/pkg/dwell.ab1.js");
        assert_eq!(named.assets.wasm, "/pkg/dwell.cd2.wasm");
        assert_eq!(named.assets.style, "/pkg/dwell.ef3.css");
    }

    #[test]
    fn a_missing_site_is_an_error_that_says_what_to_do() {
        let error = Built::find(Some(Path::new("/nowhere"))).unwrap_err();
        assert!(error.to_string().contains("DWELL_SITE_ROOT"));
    }
}
