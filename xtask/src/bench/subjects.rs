//! The servers that are measured and compared.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::engines::{self, Engine};
use super::load::{Call, Outcome, Target, steady_load};
use super::program::{Program, Service, free_address};
use super::session::{self, Session};
use super::setup::{LeftOut, Programs};
use crate::process::{command, find, read};
use crate::workspace;

/// How many people are signed in and active.
pub(crate) const ACTIVE: u32 = 1_000;

/// The role of a subject in the comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// axum without sessions, with which the others are compared.
    Bare,
    Dwell,
    Peer,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Dwell => "dwell",
            Self::Peer => "peer",
        }
    }
}

/// A server, or several nodes of one.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    nodes: Vec<Node>,
    sessions: PathBuf,
    page_sizes: RangeInclusive<usize>,
}

pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    pub(crate) program: Program,
}

impl Subject {
    pub(crate) fn measure(&self, call: Call, seconds: u32) -> Result<Outcome> {
        let targets: Vec<_> = self
            .nodes
            .iter()
            .map(|node| Target {
                address: node.address,
                sessions: &self.sessions,
                skip: 0,
            })
            .collect();
        let outcome = steady_load(&targets, call, seconds)
            .with_context(|| format!("measuring {}", self.name))?;
        if let Call::Page | Call::PassivePage = call {
            outcome
                .must_be_pages(&self.page_sizes)
                .with_context(|| format!("measuring {}", self.name))?;
        }
        Ok(outcome)
    }

    pub(crate) fn first_address(&self) -> Option<SocketAddr> {
        self.nodes.first().map(|node| node.address)
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }
}

/// All subjects, and the engines that they use.
pub(crate) struct Field {
    pub(crate) subjects: Vec<Subject>,
    _engines: Vec<Engine>,
}

/// The programs, and the directories for data and logs.
pub(crate) struct Environment<'a> {
    pub(crate) programs: &'a Programs,
    pub(crate) data: &'a Path,
    pub(crate) logs: &'a Path,
}

impl Field {
    pub(crate) fn start(environment: &Environment, left_out: &mut LeftOut) -> Result<Self> {
        let postgres = left_out.unless("PostgreSQL", || engines::postgres(environment.logs));
        let durable = left_out.unless("Redis", || {
            engines::durable_redis(environment.data, environment.logs)
        });
        let volatile = left_out.unless("Redis without a disk", || {
            engines::volatile_redis(environment.data, environment.logs)
        });
        // Each subject is next to the one that it is compared with, because the speed of a machine
        // changes from minute to minute.
        let mut subjects = vec![
            environment.bare("bare axum", 1)?,
            environment.dwell("Dwell, SQLite", &environment.sqlite("dwell"), None, 1)?,
            environment.bare("bare axum, 2 nodes", 2)?,
        ];
        if let Some(postgres) = &postgres {
            subjects.push(environment.dwell(
                "Dwell, PostgreSQL, 2 nodes",
                &postgres.url,
                None,
                2,
            )?);
            if let Some(redis) = &durable {
                let (url, redis) = (&postgres.url, Some(redis.url.as_str()));
                subjects.push(environment.dwell("Dwell, Redis, 2 nodes", url, redis, 2)?);
            }
        }
        environment.add_peers(&mut subjects, volatile.as_ref(), left_out);
        Ok(Self {
            subjects,
            _engines: [postgres, durable, volatile]
                .into_iter()
                .flatten()
                .collect(),
        })
    }
}

impl Environment<'_> {
    fn add_peers(
        &self,
        subjects: &mut Vec<Subject>,
        redis: Option<&Engine>,
        left_out: &mut LeftOut,
    ) {
        if let Some(program) = &self.programs.tower_sessions {
            let file = |name: &str| self.data.join(name).display().to_string();
            let mut stores = vec![
                ("memory", vec!["memory".to_owned()]),
                ("SQLite", vec!["sqlite".into(), file("stock.db")]),
                ("moka over SQLite", vec!["moka".into(), file("moka.db")]),
            ];
            if let Some(redis) = redis {
                stores.push(("Redis", vec!["redis".into(), redis.url.clone()]));
            }
            for (store, arguments) in stores {
                let name = format!("tower-sessions, {store}");
                subjects.extend(left_out.unless(&name, || {
                    self.peer(&name, |address| {
                        let mut service = Service::new(program);
                        service.command.arg(address.to_string()).args(&arguments);
                        Ok(service)
                    })
                }));
            }
        }
        if let Some(gunicorn) = &self.programs.gunicorn {
            let name = "Flask, gunicorn, 2 workers";
            subjects.extend(left_out.unless(name, || {
                self.peer(name, |address| {
                    let mut service = Service::new(gunicorn);
                    service
                        .command
                        .args(["--workers", "2", "--worker-class", "gthread"])
                        .args(["--threads", "16", "--bind", &address.to_string()])
                        .arg("app:app")
                        .current_dir(workspace::benches().join("peers/flask"))
                        .env("PYTHONDONTWRITEBYTECODE", "1");
                    Ok(service)
                })
            }));
        }
        if let Some(script) = &self.programs.express {
            let name = "express-session, memory";
            subjects.extend(left_out.unless(name, || {
                self.peer(name, |address| {
                    let node = find("node").context("node is not installed")?;
                    let mut service = Service::new(&node);
                    service
                        .command
                        .arg(script)
                        .arg(address.to_string())
                        .env("NODE_ENV", "production");
                    Ok(service)
                })
            }));
        }
    }

    fn bare(&self, name: &str, nodes: usize) -> Result<Subject> {
        let start = |_| {
            self.node(name, |address| {
                let mut service = Service::new(&self.programs.subject);
                service.command.arg("bare").arg(address.to_string());
                Ok(service)
            })
        };
        let nodes = (0..nodes).map(start).collect::<Result<_>>()?;
        // The requests are as long as Dwell's.
        let session = || Session {
            cookie: "__Host-dwell=AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            generation: Some("0".repeat(32)),
        };
        let sessions = (0..ACTIVE).map(|_| session()).collect();
        self.subject(name, Kind::Bare, nodes, sessions)
    }

    fn dwell(
        &self,
        name: &str,
        database: &str,
        redis: Option<&str>,
        nodes: usize,
    ) -> Result<Subject> {
        self.seed(database, &["--accounts", &ACTIVE.to_string()])?;
        let nodes: Vec<Node> = (0..nodes)
            .map(|_| self.dwell_node(name, database, redis))
            .collect::<Result<_>>()?;
        let sessions = sign_in_all(&nodes)?;
        self.subject(name, Kind::Dwell, nodes, sessions)
    }

    pub(crate) fn dwell_node(
        &self,
        name: &str,
        database: &str,
        redis: Option<&str>,
    ) -> Result<Node> {
        self.node(name, |address| {
            let mut service = Service::new(&self.programs.subject);
            self.configure(&mut service.command, database);
            service
                .command
                .arg("dwell")
                .env("DWELL_ADDR", address.to_string());
            if let Some(redis) = redis {
                service.command.env("DWELL_SESSION_STORE", redis);
            }
            Ok(service)
        })
    }

    /// A node that trusts this machine as a proxy.
    pub(crate) fn dwell_node_behind_proxy(&self, name: &str, database: &str) -> Result<Node> {
        self.node(name, |address| {
            let mut service = Service::new(&self.programs.subject);
            self.configure(&mut service.command, database);
            service
                .command
                .arg("dwell")
                .env("DWELL_ADDR", address.to_string())
                .env("DWELL_TRUSTED_PROXIES", "127.0.0.1");
            Ok(service)
        })
    }

    /// Runs the subject to create accounts and sessions in the database.
    pub(crate) fn seed(&self, database: &str, arguments: &[&str]) -> Result<()> {
        let mut seed = command(&self.programs.subject);
        self.configure(&mut seed, database);
        read(seed.arg("seed").args(arguments)).map(|_| ())
    }

    /// How many sessions are marked as ended in the database.
    pub(crate) fn ended(&self, database: &str) -> Result<u64> {
        let mut ended = command(&self.programs.subject);
        self.configure(&mut ended, database);
        Ok(read(ended.arg("ended"))?.trim().parse()?)
    }

    pub(crate) fn sqlite(&self, name: &str) -> String {
        format!(
            "sqlite://{}",
            self.data.join(name).join("dwell.db").display()
        )
    }

    /// Sets the environment of the subject. All other settings have their defaults.
    fn configure(&self, subject: &mut Command, database: &str) {
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("DWELL_") {
                subject.env_remove(name);
            }
        }
        subject
            .current_dir(self.data)
            .env("DWELL_DATABASE_URL", database)
            .env("DWELL_SITE_ROOT", self.data.join("site"))
            .env("DWELL_LOG", "warn");
    }

    fn peer(
        &self,
        name: &str,
        service: impl FnOnce(SocketAddr) -> Result<Service>,
    ) -> Result<Subject> {
        let nodes = vec![self.node(name, service)?];
        let sessions = sign_in_all(&nodes)?;
        self.subject(name, Kind::Peer, nodes, sessions)
    }

    fn node(
        &self,
        name: &str,
        service: impl FnOnce(SocketAddr) -> Result<Service>,
    ) -> Result<Node> {
        let address = free_address()?;
        let log = format!("{}-{}", file_name(name), address.port());
        let mut program = Program::start(&log, service(address)?, self.logs)?;
        program.wait_for(address)?;
        Ok(Node { address, program })
    }

    fn subject(
        &self,
        name: &str,
        kind: Kind,
        nodes: Vec<Node>,
        sessions: Vec<Session>,
    ) -> Result<Subject> {
        let file = self.data.join(format!("{}.sessions", file_name(name)));
        session::write(&sessions, &file)?;
        let page_sizes = page_sizes(&nodes, &sessions)
            .with_context(|| format!("cannot check the pages of {name}"))?;
        Ok(Subject {
            name: name.to_owned(),
            kind,
            nodes,
            sessions: file,
            page_sizes,
        })
    }
}

/// Creates a site with an empty script, because no page that loads it is requested.
pub(crate) fn make_site(data: &Path) -> Result<()> {
    let directory = data.join("site/pkg");
    fs::create_dir_all(&directory)?;
    Ok(fs::write(directory.join("dwell.js"), "")?)
}

/// Signs in all people, on one node after the other.
fn sign_in_all(nodes: &[Node]) -> Result<Vec<Session>> {
    (1..=ACTIVE)
        .zip(nodes.iter().cycle())
        .map(|(account, node)| Session::begin(node.address, account))
        .collect()
}

fn page_sizes(nodes: &[Node], sessions: &[Session]) -> Result<RangeInclusive<usize>> {
    let (mut min, mut max) = (usize::MAX, 0);
    for node in nodes {
        for session in sessions.iter().step_by(20) {
            let size = session.page_size(node.address)?;
            (min, max) = (min.min(size), max.max(size));
        }
    }
    Ok(min..=max)
}

fn file_name(name: &str) -> String {
    let words = name.split(|character: char| !character.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-").to_lowercase()
}
