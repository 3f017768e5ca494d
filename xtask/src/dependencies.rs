//! What others have written: on what terms, from where, and what is known against it.

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
            println!("    left out: the advisories are not to be had here: {why}");
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
