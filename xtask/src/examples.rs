//! The programs in `examples/`, which use Dwell as the programs of other teams do.

use std::fmt;
use std::process::Command;

use anyhow::Result;

use crate::browser::{self, Chromium};
use crate::process::{cargo, run};
use crate::step::step;
use crate::wasm::{self, WASM};
use crate::{module, workspace};

/// The packages as they are built for the server. They are built one by one, because cargo would join
/// their features.
const ON_SERVER: [Example; 5] = [
    Example::of("invoices"),
    Example::of("store-in-memory"),
    Example::of("templates"),
    Example::of("hydrated").with("ssr"),
    Example::of("islands").with("ssr"),
];

/// The packages that build WebAssembly of their own.
const IN_BROWSER: [Example; 2] = [
    Example::of("hydrated").with("hydrate"),
    Example::of("islands").with("hydrate"),
];

pub(crate) fn lint() -> Result<()> {
    step("Check the formatting of the examples", || {
        run(in_examples("fmt").args(["--all", "--check"]))
    })?;
    for example in ON_SERVER {
        step(&format!("Lint the example {example}"), || {
            run(example
                .cargo("clippy")
                .args(["--all-targets", "--", "-D", "warnings"]))
        })?;
    }
    for example in IN_BROWSER {
        step(
            &format!("Lint the example {example} for the browser"),
            || {
                run(example
                    .cargo("clippy")
                    .args(["--lib", "--target", WASM, "--", "-D", "warnings"]))
            },
        )?;
    }
    Ok(())
}

/// The other examples are tested in the browser.
pub(crate) fn test() -> Result<()> {
    let example = Example::of("store-in-memory");
    step(&format!("Test the example {example}"), || {
        run(&mut example.cargo("test"))
    })
}

/// Builds the programs, and uses each of them in the browser.
pub(crate) fn test_in_browser(chromium: &Chromium) -> Result<()> {
    module::build()?;
    for example in ON_SERVER {
        step(&format!("Build the example {example}"), || {
            run(&mut example.cargo("build"))
        })?;
    }
    for example in IN_BROWSER {
        let name = example.package;
        step(&format!("Build the example {name} for the browser"), || {
            run(example.cargo("build").args(["--lib", "--target", WASM]))?;
            let built = wasm::built(name, "debug");
            let site = workspace::target().join("examples").join(name);
            wasm::bind(&built, name, &site.join("pkg"))
        })?;
    }
    browser::test(chromium, &["--config=examples".to_owned()])
}

#[derive(Clone, Copy)]
struct Example {
    package: &'static str,
    feature: Option<&'static str>,
}

impl Example {
    const fn of(package: &'static str) -> Self {
        Self {
            package,
            feature: None,
        }
    }

    const fn with(self, feature: &'static str) -> Self {
        Self {
            feature: Some(feature),
            ..self
        }
    }

    fn cargo(self, task: &str) -> Command {
        let mut cargo = in_examples(task);
        cargo.args(["--package", self.package]);
        if let Some(feature) = self.feature {
            cargo.args(["--features", feature]);
        }
        cargo
    }
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.package)
    }
}

/// A task in the workspace of the examples, which has the target directory of this workspace.
fn in_examples(task: &str) -> Command {
    cargo([task, "--manifest-path", "examples/Cargo.toml"])
}
