//! What is checked without a browser.

use std::fmt;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process::{cargo, run};
use crate::step::step;
use crate::wasm_target::WASM;

/// Every package as it is really built. Never the workspace as a whole: cargo would join the
/// features of the server and of the browser.
const BUILDS: [Build; 20] = [
    Build::of("dwell-session").tested().documented(),
    Build::of("dwell-session").with("simulation"),
    Build::of("dwell-session").for_browser().tested(),
    Build::of("dwell").tested(),
    Build::of("dwell").with("sqlite"),
    Build::of("dwell").with("postgres"),
    Build::of("dwell").with("redis"),
    Build::of("dwell")
        .with("drafts,postgres,redis,sqlite")
        .tested()
        .documented(),
    Build::of("dwell-conformance").tested().documented(),
    Build::of("dwell-overlay").with("ssr").tested().documented(),
    Build::of("dwell-overlay").with("html"),
    Build::of("dwell-overlay").with("csr").for_browser(),
    Build::of("dwell-overlay").with("hydrate").for_browser(),
    Build::of("dwell-browser")
        .for_browser()
        .tested()
        .documented(),
    Build::of("dwell-module").for_browser().documented(),
    Build::of("dwell-app").with("ssr").tested().documented(),
    Build::of("dwell-app").with("csr").for_browser(),
    Build::of("dwell-server").tested().documented(),
    Build::of("dwell-frontend").for_browser().documented(),
    Build::of("xtask").tested().documented(),
];

pub(crate) fn format() -> Result<()> {
    step("Check the formatting", || {
        run(&mut cargo(["fmt", "--all", "--check"])).context("`cargo fmt --all` puts it right")
    })
}

pub(crate) fn lint() -> Result<()> {
    for build in BUILDS {
        step(&format!("Lint {build}"), || {
            run(build
                .cargo("clippy")
                .args(["--all-targets", "--", "-D", "warnings"]))
        })?;
    }
    Ok(())
}

pub(crate) fn test() -> Result<()> {
    for build in BUILDS.into_iter().filter(|build| build.tested) {
        step(&format!("Test {build}"), || {
            let mut test = build.cargo("test");
            if build.for_browser {
                // Not the documentation's examples: they have run with the native tests.
                test.arg("--tests");
            }
            run(&mut test)
        })?;
    }
    Ok(())
}

pub(crate) fn document() -> Result<()> {
    for build in BUILDS.into_iter().filter(|build| build.documented) {
        step(&format!("Document {build}"), || {
            run(build
                .cargo("doc")
                .arg("--no-deps")
                .env("RUSTDOCFLAGS", "-D warnings"))
        })?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Build {
    package: &'static str,
    feature: Option<&'static str>,
    for_browser: bool,
    tested: bool,
    documented: bool,
}

impl Build {
    const fn of(package: &'static str) -> Self {
        Self {
            package,
            feature: None,
            for_browser: false,
            tested: false,
            documented: false,
        }
    }

    const fn with(self, feature: &'static str) -> Self {
        Self {
            feature: Some(feature),
            ..self
        }
    }

    const fn for_browser(self) -> Self {
        Self {
            for_browser: true,
            ..self
        }
    }

    const fn tested(self) -> Self {
        Self {
            tested: true,
            ..self
        }
    }

    const fn documented(self) -> Self {
        Self {
            documented: true,
            ..self
        }
    }

    fn cargo(self, task: &str) -> Command {
        let mut cargo = cargo([task, "--package", self.package]);
        if let Some(feature) = self.feature {
            cargo.args(["--features", feature]);
        }
        if self.for_browser {
            cargo.args(["--target", WASM]);
        }
        cargo
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.package)?;
        if let Some(feature) = self.feature {
            write!(f, ", feature {feature}")?;
        }
        if self.for_browser {
            write!(f, ", for the browser")?;
        }
        Ok(())
    }
}
