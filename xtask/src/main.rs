//! Set-up and every developer task, as `cargo xtask TASK`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the tasks talk to the person who started them"
)]

mod account;
mod agreement;
mod apt;
mod bench;
mod boundaries;
mod browser;
mod budget;
mod busy;
mod checks;
mod debian_std;
mod dependencies;
mod examples;
mod files;
mod fuzz;
mod inclusions;
mod module;
mod npm;
mod packages;
mod process;
mod release;
mod serve;
mod servers;
mod simulate;
mod step;
mod stopwatch;
mod tools;
mod wasm;
mod wasm_target;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use self::busy::Busy;

/// Set-up and every developer task of Dwell
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Install what building and testing need and is not there yet
    ///
    /// The WebAssembly target, cargo-leptos, the wasm-bindgen named in Cargo.lock, the npm
    /// packages of the browser tests (wasm-opt is one of them), PostgreSQL, Redis and libfaketime for
    /// the tests of stores and nodes, and Chromium.
    Setup,

    /// Build for release, create the first account, and serve
    ///
    /// Installs what the build needs first. The account's password is shown once, by the run
    /// that makes the account. DWELL_ADDR sets the address, by default 127.0.0.1:3000.
    Run,

    /// Build the module for the browser, for programs that build no WebAssembly of their own
    ///
    /// It comes into target/module: dwell.js, and dwell.wasm.
    Module,

    /// Serve a development build; rebuild and reload on every change
    ///
    /// `cargo leptos watch`, with the set-up done and the first account made.
    Watch,

    /// Check the formatting, and lint every package with each of its feature sets
    Lint,

    /// Run everything that CI runs
    ///
    /// Formatting, lints, unit, property and HTTP tests, documentation, the release build, its
    /// size budget, the browser tests, and the examples in the browser. Installs what is missing
    /// first.
    Test {
        /// Keep every core busy meanwhile: no test may hang on how fast the machine is
        #[arg(long)]
        busy: bool,
    },

    /// Run the browser tests against a release build
    ///
    /// DWELL_CHROMIUM names the browser to use, if not the one that is found.
    E2e {
        /// Passed on to Playwright, as in `cargo xtask e2e -- --grep warned`
        #[arg(last = true, value_name = "PLAYWRIGHT ARGUMENTS")]
        playwright: Vec<String>,
    },

    /// Build the example programs, and use each of them in the browser
    Examples,

    /// Simulate browsers and a server from seeds, and check the design's properties at every step
    ///
    /// Runs on all cores. Ends with code 1 and the shortest history found if one violates a
    /// property. `--seeds 1 --from SEED --history` replays a history.
    Simulate(simulate::Options),

    /// Measure, in the browser and by the server's record, whether the two end sessions together
    ///
    /// Prints when the screen stopped showing what is protected, counted from when the server
    /// ended the session, for over 200 ends: in hidden tabs, with wrong clocks, on bad networks,
    /// asleep. Fails if anything was shown for too long or ended too early.
    Agreement(agreement::Options),

    /// Measure how fast Dwell is beside axum without sessions, and beside what people use otherwise
    ///
    /// Runs all of them in turn, round for round, and prints ratios with their spread. Then
    /// measures Dwell with a million live sessions. Installs wrk and the peers in target/bench;
    /// what cannot be installed is left out. A full run draws docs/bench.svg. On Linux only.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    match perform(Task::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            eprintln!("\nerror: {}", causes.join("\n  "));
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    match task {
        Task::Setup => {
            set_up_building()?;
            servers::set_up()?;
            browser::set_up()?;
        }
        Task::Run => {
            set_up_building()?;
            release::build()?;
            serve::release()?;
        }
        Task::Module => {
            set_up_building()?;
            module::build()?;
        }
        Task::Watch => {
            set_up_building()?;
            serve::watch()?;
        }
        Task::Lint => {
            wasm_target::set_up()?;
            checks::format()?;
            checks::lint()?;
            examples::lint()?;
            fuzz::lint()?;
        }
        Task::Test { busy } => {
            set_up_building()?;
            servers::set_up()?;
            let chromium = browser::set_up()?;
            tools::set_up_checking()?;
            let _busy = busy.then(Busy::cores).transpose()?;
            checks::format()?;
            boundaries::check()?;
            packages::check()?;
            dependencies::check()?;
            checks::lint()?;
            checks::test()?;
            checks::document()?;
            examples::lint()?;
            fuzz::lint()?;
            examples::test()?;
            release::build()?;
            budget::check()?;
            browser::test(&chromium, &[])?;
            examples::test_in_browser(&chromium)?;
        }
        Task::E2e { playwright } => {
            set_up_building()?;
            servers::set_up()?;
            let chromium = browser::set_up()?;
            release::build()?;
            browser::test(&chromium, &playwright)?;
        }
        Task::Examples => {
            set_up_building()?;
            let chromium = browser::set_up()?;
            examples::test_in_browser(&chromium)?;
        }
        Task::Simulate(options) => simulate::simulate(&options)?,
        Task::Bench(options) => bench::bench(&options)?,
        Task::Agreement(options) if options.wants_json() => {
            agreement::measure_for_programs(&options)?;
        }
        Task::Agreement(options) => {
            set_up_building()?;
            let chromium = browser::set_up()?;
            release::build()?;
            agreement::measure(&chromium, &options)?;
        }
    }
    Ok(())
}

fn set_up_building() -> Result<()> {
    wasm_target::set_up()?;
    npm::set_up()?;
    tools::set_up()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Task;

    #[test]
    fn the_command_line_is_consistent() {
        Task::command().debug_assert();
    }
}
