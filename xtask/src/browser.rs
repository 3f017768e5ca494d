//! The browser tests: Chromium, and Playwright that drives it.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::apt::Apt;
use crate::process::{command, find, run};
use crate::step::{already, step};
use crate::workspace;

const CHROMIUM: &str = "DWELL_CHROMIUM";
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

pub(crate) enum Chromium {
    At(PathBuf),
    Playwrights,
}

pub(crate) fn set_up() -> Result<Chromium> {
    if let Some(chosen) = env::var_os(CHROMIUM).map(PathBuf::from) {
        if !chosen.is_file() {
            bail!(
                "{CHROMIUM} names {}, which does not exist",
                chosen.display()
            );
        }
        already("Chromium");
        return Ok(Chromium::At(chosen));
    }
    if let Some(path) = on_path() {
        already("Chromium");
        return Ok(Chromium::At(path));
    }
    step("Install Chromium", || {
        install().context(
            "Chromium is missing; `apt-get install chromium` or, in end2end/, \
             `npx playwright install chromium` installs it",
        )
    })
}

pub(crate) fn test(chromium: &Chromium, arguments: &[String]) -> Result<()> {
    step("Test in the browser", || {
        let mut playwright = playwright("test");
        if let Chromium::At(path) = chromium {
            playwright.env(CHROMIUM, path);
        }
        run(playwright.args(arguments))
    })
}

fn install() -> Result<Chromium> {
    if let Some(apt) = Apt::of_this_machine()? {
        let installed = apt.install(&[NAMES[0]]);
        if let Some(path) = on_path() {
            return Ok(Chromium::At(path));
        }
        if let Err(error) = installed {
            println!("    {error:#}");
        }
        println!("    taking Playwright's own instead");
    }
    run(playwright("install").arg("chromium"))?;
    Ok(Chromium::Playwrights)
}

fn on_path() -> Option<PathBuf> {
    NAMES.into_iter().find_map(find)
}

fn playwright(task: &str) -> Command {
    let mut playwright = command("playwright");
    playwright.arg(task).current_dir(workspace::end2end());
    playwright
}
