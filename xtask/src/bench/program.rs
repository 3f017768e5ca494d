//! Programs that run during the measurement and are ended with it.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process::{command, output, run};
use crate::stopwatch::Stopwatch;

/// How long a program may take to start, in seconds.
const START_TIMEOUT: f64 = 60.0;
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// A running program. It is asked to end when this is dropped, and when this process ends.
pub(crate) struct Program {
    child: Child,
    name: String,
    log: PathBuf,
    stop_signal: &'static str,
}

/// A command for [`Program::start`].
pub(crate) struct Service {
    pub(crate) command: Command,
    stop_signal: &'static str,
}

impl Service {
    pub(crate) fn new(program: &Path) -> Self {
        Self::wrapped(&[], program, "TERM")
    }

    /// A program that is started by setpriv with the arguments `wrapping`.
    pub(crate) fn wrapped(wrapping: &[&str], program: &Path, stop_signal: &'static str) -> Self {
        let mut command = command("setpriv");
        command
            .args(wrapping)
            .args(["--pdeathsig", stop_signal, "--"])
            .arg(program);
        Self {
            command,
            stop_signal,
        }
    }
}

impl Program {
    pub(crate) fn start(name: &str, mut service: Service, logs: &Path) -> Result<Self> {
        let log = logs.join(format!("{name}.log"));
        let output = File::create(&log).with_context(|| format!("writing {}", log.display()))?;
        let child = service
            .command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Self {
            child,
            name: name.to_owned(),
            log,
            stop_signal: service.stop_signal,
        })
    }

    /// Waits until the program accepts connections.
    pub(crate) fn wait_for(&mut self, address: SocketAddr) -> Result<()> {
        self.wait_until(|| TcpStream::connect(address).is_ok())
    }

    pub(crate) fn wait_until(&mut self, is_ready: impl Fn() -> bool) -> Result<()> {
        let stopwatch = Stopwatch::start();
        while !is_ready() {
            let ended = self.child.try_wait()?;
            if ended.is_some() || stopwatch.elapsed().as_secs_f64() > START_TIMEOUT {
                let said = fs::read_to_string(&self.log).unwrap_or_default();
                bail!("{} has not started\n{}", self.name, said.trim_end());
            }
            sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Its resident memory, in bytes.
    pub(crate) fn memory(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        let kilobytes: u64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .context("the status of the process does not contain its memory")?
            .parse()?;
        Ok(1024 * kilobytes)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let signal = format!("-{}", self.stop_signal);
        let asked = output(command("kill").args([signal, self.child.id().to_string()]));
        if asked.is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// A directory that is removed when this is dropped.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn create(path: PathBuf) -> Result<Self> {
        if path.exists() {
            fs::remove_dir_all(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn give_to(&self, user: &str) -> Result<()> {
        run(command("chown").args(["-R", user]).arg(&self.0))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An address of this machine that is not in use.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("finding a free port")?;
    Ok(listener.local_addr()?)
}
