//! A node: a process of `dwell serve`.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    thread::panicking,
};

use tokio::task::block_in_place;

use super::{
    Browser, STALENESS,
    engines::{Server, directory, free_port},
};

/// The settings of all nodes, unless a test overrides them.
const SETTINGS: [(&str, &str); 3] = [
    ("DWELL_SITE_ROOT", "site"),
    ("DWELL_POLICY_CHECKS", "warn"),
    ("DWELL_POOL_SIZE", "4"),
];

/// A running node. It is ended with the test, also if the test fails.
pub struct Node {
    pub address: SocketAddr,
    metrics: SocketAddr,
    server: Server,
}

impl Node {
    /// Starts a node with these settings. If a setting is given more than once, the last one
    /// counts.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let directory = directory().keep();
        let pkg = directory.join("site/pkg");
        fs::create_dir_all(&pkg).unwrap();
        fs::write(pkg.join("dwell.js"), "export default 1;").unwrap();
        let [port, metrics] = [free_port(), free_port()];
        let [address, metrics] = [port, metrics].map(|port| (Ipv4Addr::LOCALHOST, port).into());
        let place = format!("--chdir={}", directory.display());
        let mut command: Vec<String> = ["env", "--ignore-environment", &place]
            .map(str::to_owned)
            .to_vec();
        let own = [("DWELL_ADDR", address), ("DWELL_METRICS_ADDR", metrics)]
            .map(|(name, address): (&str, SocketAddr)| (name, address.to_string()));
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in own.chain(SETTINGS).chain(settings.iter().copied()) {
            command.push(format!("{name}={value}"));
        }
        command.extend([env!("CARGO_BIN_EXE_dwell"), "serve"].map(str::to_owned));
        let server = block_in_place(|| Server::keep(&command, &directory, port));
        Self {
            address,
            metrics,
            server,
        }
    }

    /// Whether the node receives reports of ends, so that it may serve without asking the engine.
    pub async fn is_listening(&self) -> bool {
        let metrics = Browser::default().probe(self.metrics, "/metrics").await;
        let metrics = metrics.unwrap().body;
        let staleness = metrics
            .lines()
            .find_map(|line| line.strip_prefix("dwell_index_staleness_seconds "))
            .unwrap_or_else(|| panic!("{metrics}"));
        staleness.parse::<f64>().unwrap() < STALENESS.as_secs_f64()
    }

    /// What the node has logged.
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// Kills the node.
    pub fn kill(&mut self) {
        block_in_place(|| self.server.order("end KILL"));
    }

    /// Asks the node to stop, as a service manager does, and waits until it has.
    pub fn stop(&mut self) {
        block_in_place(|| self.server.order("end TERM"));
    }

    /// Starts the node again, on the same address.
    pub fn restart(&mut self) {
        block_in_place(|| self.server.start());
    }

    /// Suspends the process.
    pub fn pause(&mut self) {
        self.server.order("signal STOP");
    }

    /// Resumes the process.
    pub fn resume(&mut self) {
        self.server.order("signal CONT");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if panicking() {
            eprintln!(
                "the log of the node at {}:\n{}",
                self.address,
                self.server.log()
            );
        }
        self.server.order("signal KILL");
    }
}
