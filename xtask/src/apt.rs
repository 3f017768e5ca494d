//! Installs Debian packages.

use std::process::Command;

use anyhow::Result;

use crate::process::{command, find, read, run};

/// apt-get with permission to install packages without being asked for a password.
pub(crate) enum Apt {
    AsRoot,
    WithSudo,
}

impl Apt {
    pub(crate) fn of_this_machine() -> Result<Option<Self>> {
        if find("apt-get").is_none() {
            return Ok(None);
        }
        if read(command("id").arg("-u"))?.trim() == "0" {
            return Ok(Some(Self::AsRoot));
        }
        let may_sudo = read(command("sudo").args(["-n", "true"])).is_ok();
        Ok(may_sudo.then_some(Self::WithSudo))
    }

    /// Installs packages. It is not an error in itself if the lists of packages cannot be updated.
    pub(crate) fn install(&self, packages: &[&str]) -> Result<()> {
        let updated = run(&mut self.get("update"));
        let installed = run(self.get("install").arg("--yes").args(packages));
        installed.map_err(|error| updated.err().unwrap_or(error))
    }

    fn get(&self, task: &str) -> Command {
        let mut apt = match self {
            Self::AsRoot => command("env"),
            Self::WithSudo => {
                let mut sudo = command("sudo");
                sudo.args(["-n", "env"]);
                sudo
            }
        };
        apt.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", task]);
        apt
    }
}
