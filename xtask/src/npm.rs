//! The npm packages: Playwright for the browser tests, and wasm-opt for the release build.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};

use crate::process::{command, read, run};
use crate::step::{already, step};
use crate::workspace;

const MIN_NODE: u32 = 20;

pub(crate) fn set_up() -> Result<()> {
    let end2end = workspace::end2end();
    let wanted = modified(&end2end.join("package-lock.json"));
    // npm writes this file last.
    let installed = modified(&end2end.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= wanted {
        already("npm packages");
        return Ok(());
    }
    step("Install the npm packages", || {
        require_node()?;
        run(command("npm")
            .arg("ci")
            .current_dir(&end2end)
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
        .context("`npm ci` in end2end/ installs them")
    })
}

pub(crate) fn require_node() -> Result<()> {
    let missing = || {
        format!(
            "Node {MIN_NODE} or later with npm is missing; \
             `apt-get install nodejs npm` installs it if the version of the system is recent enough"
        )
    };
    let version = read(command("node").arg("--version")).with_context(missing)?;
    if major(&version).is_none_or(|major| major < MIN_NODE) {
        bail!("{}: this is {}", missing(), version.trim());
    }
    Ok(())
}

fn major(version: &str) -> Option<u32> {
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_of_node_is_read() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("nonsense"), None);
    }
}
