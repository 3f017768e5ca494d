//! Turns off autogroups, a feature of the Linux scheduler.
//!
//! Linux shares the processors between groups of processes, and a process that starts a session of
//! its own and is in no other group becomes a group. Each server process of PostgreSQL is such a
//! group then, and was seen waiting 2 s for 0.5 ms of work. Under systemd or in a container this
//! does not happen.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};

use anyhow::Result;

use crate::process::command;

const SETTING: &str = "/proc/sys/kernel/sched_autogroup_enabled";

/// Keeps autogroups turned off until it is dropped.
pub(crate) struct AutogroupsOff {
    restorer: Child,
}

impl AutogroupsOff {
    /// Turns autogroups off. Returns nothing if they are off already or the setting cannot be
    /// changed.
    pub(crate) fn while_alive() -> Result<Option<Self>> {
        let is_grouped = fs::read_to_string(SETTING).is_ok_and(|on| on.trim() == "1");
        if !is_grouped {
            return Ok(None);
        }
        if File::options().write(true).open(SETTING).is_err() {
            println!(
                "    PostgreSQL may have to wait for a processor: \
                 `sudo sysctl kernel.sched_autogroup_enabled=0` prevents that"
            );
            return Ok(None);
        }
        println!("    kernel.sched_autogroup_enabled is 0 until this task ends");
        // The shell restores the setting when this process ends, in whatever way. It is in a
        // process group of its own so that Ctrl-C does not end it as well.
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

impl Drop for AutogroupsOff {
    fn drop(&mut self) {
        drop(self.restorer.stdin.take());
        let _ = self.restorer.wait();
    }
}
