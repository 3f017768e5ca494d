//! Linux shares the processors between groups of processes, and makes every process that begins a
//! session of its own a group, where nobody else has grouped it. Each connection's process of
//! PostgreSQL is such a group then, and was seen waiting 2 s for 0.5 ms of work. Under systemd or
//! in a container it is none.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};

use anyhow::Result;

use crate::process::command;

const SETTING: &str = "/proc/sys/kernel/sched_autogroup_enabled";

/// While this lives, no such groups are made.
pub(crate) struct Ungrouped {
    restorer: Child,
}

impl Ungrouped {
    /// Nothing where no groups are made anyhow, or where we may not change that.
    pub(crate) fn while_measured() -> Result<Option<Self>> {
        let is_grouped = fs::read_to_string(SETTING).is_ok_and(|on| on.trim() == "1");
        if !is_grouped {
            return Ok(None);
        }
        if File::options().write(true).open(SETTING).is_err() {
            println!(
                "    PostgreSQL may have to wait for a processor: \
                 better is `sudo sysctl kernel.sched_autogroup_enabled=0`"
            );
            return Ok(None);
        }
        println!("    while this runs, kernel.sched_autogroup_enabled is 0");
        // It waits until this process has ended, in whatever way, and hears nothing of a Ctrl-C.
        let mut restorer = command("sh");
        restorer
            .args([
                "-c",
                &format!("echo 0 > {SETTING}; cat; echo 1 > {SETTING}"),
            ])
            .process_group(0)
            .stdin(Stdio::piped());
        let restorer = restorer.spawn()?;
        Ok(Some(Self { restorer }))
    }
}

impl Drop for Ungrouped {
    fn drop(&mut self) {
        drop(self.restorer.stdin.take());
        let _ = self.restorer.wait();
    }
}
