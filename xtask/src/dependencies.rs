//! Checks the dependencies: their licences, sources and versions, and security advisories.

use anyhow::Result;

use crate::process::{cargo, output, run};
use crate::step::step;

pub(crate) fn check() -> Result<()> {
    step(
        "Check the licences, sources and versions of dependencies",
        || {
            run(&mut cargo([
                "deny",
                "check",
                "--hide-inclusion-graph",
                "licenses",
                "sources",
                "bans",
            ]))
        },
    )?;
    step("Check the dependencies against advisories", || {
        let fetched = output(&mut cargo(["deny", "fetch", "db"]))?;
        if !fetched.status.success() {
            let said = String::from_utf8_lossy(&fetched.stderr);
            let why = said
                .lines()
                .rfind(|line| !line.trim().is_empty())
                .unwrap_or_default();
            println!("    left out: the advisories cannot be downloaded: {why}");
            return Ok(());
        }
        run(&mut cargo([
            "deny",
            "check",
            "--disable-fetch",
            "advisories",
        ]))
    })
}
