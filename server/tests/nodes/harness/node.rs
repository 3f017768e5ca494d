//! A node: a `dwell serve` of its own.

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

/// What is the same for all nodes, unless a test says otherwise.
const SETTINGS: [(&str, &str); 3] = [
    ("DWELL_SITE_ROOT", "site"),
    ("DWELL_POLICY_CHECKS", "warn"),
    ("DWELL_POOL_SIZE", "4"),
];

/// A running node. It ends with the test, also with one that fails.
pub struct Node {
    pub address: SocketAddr,
    metrics: SocketAddr,
    server: Server,
}

impl Node {
    /// Starts one with these settings. The last of a name counts.
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

    /// Whether it hears of ends, and so serves without asking the engine.
    pub async fn is_listening(&self) -> bool {
        let metrics = Browser::default().probe(self.metrics, "/metrics").await;
        let metrics = metrics.unwrap().body;
        let staleness = metrics
            .lines()
            .find_map(|line| line.strip_prefix("dwell_index_staleness_seconds "))
            .unwrap_or_else(|| panic!("{metrics}"));
        staleness.parse::<f64>().unwrap() < STALENESS.as_secs_f64()
    }

    /// What it has written down.
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// Takes it away without a goodbye.
    pub fn kill(&mut self) {
        block_in_place(|| self.server.order("end KILL"));
    }

    /// Asks it to stop, as a service manager does, and waits until it has.
    pub fn stop(&mut self) {
        block_in_place(|| self.server.order("end TERM"));
    }

    /// Starts it again, where it was.
    pub fn restart(&mut self) {
        block_in_place(|| self.server.start());
    }

    /// Stops its clockwork: it keeps what it knows and does nothing.
    pub fn pause(&mut self) {
        self.server.order("signal STOP");
    }

    /// Lets it go on.
    pub fn resume(&mut self) {
        self.server.order("signal CONT");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if panicking() {
            eprintln!("the node at {} says:\n{}", self.address, self.server.log());
        }
        self.server.order("signal KILL");
    }
}
