//! What nodes share.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering::SeqCst},
};

use sqlx::{AssertSqlSafe, Executor as _};

use super::{
    Node,
    browser::{EMAIL, PASSWORD},
    engines::{Server, connected, postgres, redis},
};

/// Where the sessions are kept. The accounts are in PostgreSQL in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    Redis,
}

/// A database of its own for one test, and a place for the sessions.
pub struct Engine {
    pub kind: Kind,
    pub database: String,
    pub sessions: String,
    /// The one with the sessions, where no other test uses it.
    server: Option<Server>,
}

impl Engine {
    /// On servers that other tests use too.
    pub async fn shared(kind: Kind) -> Self {
        let number = next();
        Self {
            kind,
            database: database(postgres(), number).await,
            sessions: match kind {
                Kind::Postgres => "database".to_owned(),
                Kind::Redis => redis().url("redis", "", &number.to_string()),
            },
            server: None,
        }
        .with_account()
    }

    /// Where the sessions are on a server that the test may stop.
    pub async fn own(kind: Kind) -> Self {
        let number = next();
        match kind {
            Kind::Postgres => {
                let server = Server::postgres();
                Self {
                    kind,
                    database: database(&server, number).await,
                    sessions: "database".to_owned(),
                    server: Some(server),
                }
            }
            Kind::Redis => {
                let synchronous = ["--appendonly", "yes", "--appendfsync", "always"];
                let server = Server::redis(&synchronous);
                Self {
                    kind,
                    database: database(postgres(), number).await,
                    sessions: server.url("redis", "", "0"),
                    server: Some(server),
                }
            }
        }
        .with_account()
    }

    /// A node that uses it.
    pub fn node(&self, settings: &[(&str, &str)]) -> Node {
        let places = [
            ("DWELL_DATABASE_URL", self.database.as_str()),
            ("DWELL_SESSION_STORE", self.sessions.as_str()),
        ];
        Node::start(&[&places, settings].concat())
    }

    /// As many nodes that use it.
    pub fn nodes<const N: usize>(&self, settings: &[(&str, &str)]) -> [Node; N] {
        std::array::from_fn(|_| self.node(settings))
    }

    /// Takes it away without a goodbye.
    pub fn crash(&mut self) {
        let order = match self.kind {
            // As `pg_ctl stop --mode=immediate`.
            Kind::Postgres => "end QUIT",
            Kind::Redis => "end KILL",
        };
        self.server().order(order);
    }

    pub fn restart(&mut self) {
        self.server().start();
    }

    /// It keeps its connections and says nothing.
    pub fn hang(&mut self) {
        self.server().order("signal STOP");
    }

    pub fn resume(&mut self) {
        self.server().order("signal CONT");
    }

    fn server(&mut self) -> &mut Server {
        self.server.as_mut().unwrap()
    }

    fn with_account(self) -> Self {
        let mut adding = Command::new(env!("CARGO_BIN_EXE_dwell"))
            .args(["user", "add", EMAIL, "--password-stdin"])
            .env_clear()
            .env("DWELL_DATABASE_URL", &self.database)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = adding.stdin.take().unwrap();
        stdin.write_all(PASSWORD.as_bytes()).unwrap();
        drop(stdin);
        assert!(adding.wait().unwrap().success());
        self
    }
}

fn next() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, SeqCst)
}

/// The URL of an empty database.
async fn database(server: &Server, number: u32) -> String {
    let admin = connected(&server.url("postgres", "dwell", "postgres")).await;
    let name = format!("nodes_{number}");
    let create = AssertSqlSafe(format!("create database {name}"));
    admin.execute(create).await.unwrap();
    admin.close().await;
    server.url("postgres", "dwell", &name)
}
