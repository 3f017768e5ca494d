//! The engine that nodes share.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering::SeqCst},
    time::Duration,
};

use fred::{
    clients::Client,
    interfaces::{ClientLike as _, LuaInterface as _},
    types::{ClusterHash, CustomCommand},
};
use sqlx::{AnyPool, AssertSqlSafe, Executor as _, any::install_default_drivers};
use tempfile::TempDir;

use super::{
    Faketime, NetworkLink, Node,
    browser::{EMAIL, PASSWORD},
    engines::{self, Server, directory, postgres, redis},
    until,
};

/// Where the sessions are kept. Accounts are in the same SQLite database, or else in PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Can only be used by one node.
    Sqlite,
    Postgres,
    Redis,
}

/// What an operator does to all live sessions.
#[derive(Debug, Clone, Copy)]
pub enum ManualChange {
    End,
    Delete,
    Empty,
}

/// A step of the clock of an engine.
#[derive(Debug, Clone, Copy)]
pub enum ClockStep {
    TenMinutesBack,
    Correct,
}

/// A database for one test, and a store for the sessions.
pub struct Engine {
    pub kind: Kind,
    /// The port of the server with the sessions.
    pub port: u16,
    pub database: String,
    pub sessions: String,
    /// The server with the sessions, if no other test uses it.
    server: Option<Server>,
    /// The directory of an embedded database.
    _directory: Option<TempDir>,
    /// The clock of the server, if the test controls it.
    clock: Option<Faketime>,
}

impl Engine {
    /// An engine on servers that other tests use too.
    pub async fn shared(kind: Kind) -> Self {
        let number = next();
        match kind {
            Kind::Sqlite => {
                let directory = directory();
                let file = directory.path().join("dwell.db");
                Self {
                    kind,
                    port: 0,
                    database: format!("sqlite://{}", file.display()),
                    sessions: "database".to_owned(),
                    server: None,
                    _directory: Some(directory),
                    clock: None,
                }
            }
            Kind::Postgres => Self {
                kind,
                port: postgres().port,
                database: database(postgres(), number).await,
                sessions: "database".to_owned(),
                server: None,
                _directory: None,
                clock: None,
            },
            Kind::Redis => Self {
                kind,
                port: redis().port,
                database: database(postgres(), number).await,
                sessions: redis().url("redis", "", &number.to_string()),
                server: None,
                _directory: None,
                clock: None,
            },
        }
        .with_account()
    }

    /// An engine with the sessions on a server of its own, which the test may stop.
    pub async fn own(kind: Kind) -> Self {
        Self::started_with(kind, &[]).await
    }

    /// An engine with the sessions on a server whose clock the test sets.
    pub async fn with_clock(kind: Kind) -> Self {
        let clock = match kind {
            Kind::Sqlite | Kind::Postgres => Faketime::correct(),
            // Redis cannot run with libfaketime: its memory allocator reads the clock too early.
            Kind::Redis => return Self::own(kind).await,
        };
        let engine = Self::started_with(kind, &clock.settings()).await;
        Self {
            clock: Some(clock),
            ..engine
        }
    }

    /// Sets the clock. For Redis, all stored times are moved in the other direction instead, which
    /// has the same effect.
    pub async fn step_clock(&self, step: ClockStep) {
        if let Some(clock) = &self.clock {
            return clock.set(match step {
                ClockStep::TenMinutesBack => "-10m",
                ClockStep::Correct => "+0",
            });
        }
        let by_ms = match step {
            ClockStep::TenMinutesBack => 600_000,
            ClockStep::Correct => -600_000,
        };
        let script = "local by = ARGV[1]
            if redis.call('EXISTS', '{dwell}:time') == 0 then
                return false
            end
            redis.call('HINCRBY', '{dwell}:time', 'mark', by)
            for _, key in ipairs(redis.call('KEYS', '{dwell}:session:*')) do
                redis.call('HINCRBY', key, 'authenticated_at', by)
                redis.call('HINCRBY', key, 'last_active_at', by)
            end
            for _, index in ipairs({ '{dwell}:by_last_activity', '{dwell}:by_deadline' }) do
                for _, key in ipairs(redis.call('ZRANGE', index, 0, -1)) do
                    redis.call('ZINCRBY', index, by, key)
                end
            end
            return true";
        let admin = self.redis_admin().await;
        until(
            "the store has stored the time",
            Duration::from_secs(60),
            async || {
                let moved: Option<i64> = admin.eval(script, (), by_ms).await.unwrap();
                moved
            },
        )
        .await;
        admin.quit().await.unwrap();
    }

    async fn started_with(kind: Kind, environment: &[(&str, String)]) -> Self {
        let number = next();
        match kind {
            Kind::Sqlite => panic!("SQLite has no server"),
            Kind::Postgres => {
                let server = Server::postgres_with(environment);
                Self {
                    kind,
                    port: server.port,
                    database: database(&server, number).await,
                    sessions: "database".to_owned(),
                    server: Some(server),
                    _directory: None,
                    clock: None,
                }
            }
            Kind::Redis => {
                let synchronous = ["--appendonly", "yes", "--appendfsync", "always"];
                let server = Server::redis(&synchronous);
                Self {
                    kind,
                    port: server.port,
                    database: database(postgres(), number).await,
                    sessions: server.url("redis", "", "0"),
                    server: Some(server),
                    _directory: None,
                    clock: None,
                }
            }
        }
        .with_account()
    }

    /// Starts a node that uses this engine.
    pub fn node(&self, settings: &[(&str, &str)]) -> Node {
        let places = [
            ("DWELL_DATABASE_URL", self.database.as_str()),
            ("DWELL_SESSION_STORE", self.sessions.as_str()),
        ];
        Node::start(&[&places, settings].concat())
    }

    /// Starts a node that reaches the sessions through `link`.
    pub fn node_through(&self, link: &NetworkLink) -> Node {
        let [database, sessions] = [&self.database, &self.sessions].map(|url| {
            let [direct, indirect] =
                [self.port, link.port].map(|port| format!("127.0.0.1:{port}/"));
            url.replace(&direct, &indirect)
        });
        Node::start(&[
            ("DWELL_DATABASE_URL", &database),
            ("DWELL_SESSION_STORE", &sessions),
            ("DWELL_STORE_TIMEOUT", "3s"),
        ])
    }

    /// Starts `N` nodes that use this engine.
    pub fn nodes<const N: usize>(&self, settings: &[(&str, &str)]) -> [Node; N] {
        std::array::from_fn(|_| self.node(settings))
    }

    /// Ends the server as in a crash.
    pub fn crash(&mut self) {
        let order = match self.kind {
            // `pg_ctl stop --mode=immediate` sends the same signal.
            Kind::Postgres => "end QUIT",
            Kind::Redis => "end KILL",
            Kind::Sqlite => panic!("SQLite has no server"),
        };
        self.server().order(order);
    }

    pub fn restart(&mut self) {
        self.server().start();
    }

    /// Suspends the server: it keeps its connections and does not answer.
    pub fn hang(&mut self) {
        self.server().order("signal STOP");
    }

    pub fn resume(&mut self) {
        self.server().order("signal CONT");
    }

    pub async fn change_by_hand(&self, change: ManualChange) {
        if self.kind == Kind::Redis {
            let script = match change {
                ManualChange::End => {
                    "for _, key in ipairs(redis.call('KEYS', '{dwell}:session:*')) do
                         redis.call('HSET', key, 'ended_at', 1, 'end_reason', 'revoked')
                     end"
                }
                ManualChange::Delete => {
                    "for _, key in ipairs(redis.call('KEYS', '{dwell}:session:*')) do
                         redis.call('DEL', key)
                     end"
                }
                ManualChange::Empty => "redis.call('FLUSHDB')",
            };
            let admin = self.redis_admin().await;
            admin.eval::<(), _, _, _>(script, (), ()).await.unwrap();
            admin.quit().await.unwrap();
            return;
        }
        let statement = match (change, self.kind) {
            (ManualChange::End, _) => {
                "update dwell_sessions set ended_at = 1, end_reason = 'revoked' where ended_at is null"
            }
            (ManualChange::Empty, Kind::Postgres) => "truncate dwell_sessions",
            (ManualChange::Delete | ManualChange::Empty, _) => "delete from dwell_sessions",
        };
        let admin = connected(&self.database).await;
        admin.execute(statement).await.unwrap();
        admin.close().await;
    }

    async fn redis_admin(&self) -> Client {
        let config = fred::types::config::Config::from_url(&self.sessions).unwrap();
        let admin = fred::types::Builder::from_config(config).build().unwrap();
        admin.init().await.unwrap();
        admin
    }

    /// Closes every connection to the sessions, as an operator can.
    pub async fn drop_connections(&self) {
        match self.kind {
            Kind::Sqlite => panic!("SQLite has no server"),
            Kind::Postgres => {
                let admin = connected(&self.database).await;
                let drop = "select pg_terminate_backend(pid) from pg_stat_activity \
                    where datname = current_database() and pid <> pg_backend_pid()";
                admin.execute(drop).await.unwrap();
                admin.close().await;
            }
            Kind::Redis => {
                let admin = self.redis_admin().await;
                for kind in ["pubsub", "normal"] {
                    let drop = CustomCommand::new_static("CLIENT", ClusterHash::Random, false);
                    let arguments = vec!["KILL", "TYPE", kind, "SKIPME", "yes"];
                    admin.custom::<i64, _>(drop, arguments).await.unwrap();
                }
                admin.quit().await.unwrap();
            }
        }
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

/// A pool on the database at `url`, whichever engine it is on.
pub async fn connected(url: &str) -> AnyPool {
    install_default_drivers();
    engines::connected(|| AnyPool::connect(url)).await
}
