//! Measures in a real browser when the server ends sessions and when the screen shows it.

use std::env;
use std::fs;
use std::io::stderr;
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::browser::Chromium;
use crate::process::{command, run};
use crate::step::step;
use crate::workspace;

const JSON_FILE: &str = "DWELL_AGREEMENT_JSON";

#[derive(Args)]
pub(crate) struct Options {
    /// Measure fewer ends, in less than five minutes
    #[arg(long)]
    quick: bool,

    /// Print the numbers as JSON, and everything else to standard error
    #[arg(long)]
    json: bool,

    /// Repeat the random choices of the run that printed this number
    #[arg(long)]
    seed: Option<u32>,
}

impl Options {
    pub(crate) fn wants_json(&self) -> bool {
        self.json
    }
}

pub(crate) fn measure(chromium: &Chromium, options: &Options) -> Result<()> {
    step("Measure the agreement in the browser", || {
        let mut playwright = command("playwright");
        playwright
            .args(["test", "--config", "agreement/playwright.config.ts"])
            .current_dir(workspace::end2end());
        if let Chromium::At(path) = chromium {
            playwright.env("DWELL_CHROMIUM", path);
        }
        if options.quick {
            playwright.env("DWELL_AGREEMENT_QUICK", "1");
        }
        if let Some(seed) = options.seed {
            playwright.env("DWELL_AGREEMENT_SEED", seed.to_string());
        }
        run(&mut playwright)
    })
}

/// Runs the same task in a process of its own with its standard output redirected to standard
/// error, because the set-up prints text that is not JSON. Then prints the numbers, which that
/// process has written to a file.
pub(crate) fn measure_for_programs(options: &Options) -> Result<()> {
    let file = workspace::target().join("agreement.json");
    if file.exists() {
        fs::remove_file(&file).context("cannot remove the numbers of the last run")?;
    }
    let mut task = Command::new(env::current_exe()?);
    task.arg("agreement").env(JSON_FILE, &file).stdout(stderr());
    if options.quick {
        task.arg("--quick");
    }
    if let Some(seed) = options.seed {
        task.args(["--seed", &seed.to_string()]);
    }
    let outcome = run(&mut task);
    if let Ok(numbers) = fs::read_to_string(&file) {
        print!("{numbers}");
    }
    outcome
}
