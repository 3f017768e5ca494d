//! A store under test, with all that belongs to it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use dwell_server::{
    account_id::AccountId,
    clock::ManualClock,
    connections::Connections,
    database::{self, Database, DatabaseUrl},
    store::{RedisStore, SessionKey, SqlStore, Store},
};
use dwell_session::{Checks, Instant, Limits, Policy};
use fred::{clients::Client, interfaces::LuaInterface as _};
use sqlx::{AnyPool, AssertSqlSafe, Executor as _};
use tempfile::TempDir;

use super::{
    clock::{Hands, POSTGRES_TIME, REDIS_TIME, START, TestClock, redis_client},
    engines::{connected, directory, postgres, redis},
};

/// The engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
    Redis,
}

/// What an operator does to sessions with the tools of the engine.
#[derive(Debug, Clone, Copy)]
pub enum ByHand {
    End,
    Delete,
    /// Deletes all sessions.
    Empty,
    /// Moves both instants an hour ahead, as a clock that is wrong does.
    Postpone,
}

/// A store of its own for one test, on an engine that others use too.
pub struct Bench {
    pub kind: Kind,
    pub policy: Policy,
    pub clock: TestClock,
    pub store: Arc<dyn Store>,
    /// Another node's, on the same engine.
    pub elsewhere: Arc<dyn Store>,
    /// The database with the accounts, and unless the sessions are in Redis, with them.
    pub pool: AnyPool,
    /// Where the sessions are.
    pub url: String,
    redis: Option<Client>,
    _directory: TempDir,
}

/// A node has few connections, so that many nodes' worth of tests fit into one server.
pub const CONNECTIONS: Connections = Connections {
    most: 4,
    timeout: Duration::from_secs(30),
};

impl Bench {
    pub async fn on(kind: Kind) -> Self {
        let directory = directory();
        let mut url = match kind {
            Kind::Sqlite | Kind::Redis => {
                format!("sqlite://{}", directory.path().join("dwell.db").display())
            }
            Kind::Postgres => schema().await,
        };
        let policy = Policy::new(Limits::default(), None, Checks::Enforce).unwrap();
        let pool = open(&url).await;
        let mut client = None;
        let hands = match kind {
            Kind::Sqlite => Hands::Process(Arc::new(ManualClock::at(START))),
            Kind::Postgres => {
                pool.execute(POSTGRES_TIME).await.unwrap();
                Hands::Postgres(pool.clone())
            }
            Kind::Redis => {
                url = redis_database();
                let opened = redis_client(&url).await;
                client = Some(opened.clone());
                Hands::Redis(opened)
            }
        };
        let clock = TestClock::with(hands).await;
        let (store, elsewhere): (Arc<dyn Store>, Arc<dyn Store>) = match kind {
            Kind::Sqlite | Kind::Postgres => {
                let node = |pool| SqlStore::new(bounded(pool), clock.of_process(), &policy);
                (
                    Arc::new(node(pool.clone())),
                    Arc::new(node(open(&url).await)),
                )
            }
            Kind::Redis => {
                let url = url.parse().unwrap();
                let node = || RedisStore::telling(REDIS_TIME, &url, CONNECTIONS, &policy);
                (
                    Arc::new(node().await.unwrap()),
                    Arc::new(node().await.unwrap()),
                )
            }
        };
        Self {
            kind,
            policy,
            clock,
            store,
            elsewhere,
            pool,
            url,
            redis: client,
            _directory: directory,
        }
    }

    /// The database that [`pool`](Self::pool) leads to, as the server uses it.
    pub fn database(&self) -> Database {
        bounded(self.pool.clone())
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    pub async fn advance(&self, duration: Duration) {
        self.clock.advance(duration).await;
    }

    /// So many new people.
    pub async fn accounts(&self, count: i64) -> Vec<AccountId> {
        let rows: Vec<(AccountId,)> = sqlx::query_as(
            "with recursive numbers (number) as \
             (select 1 union all select number + 1 from numbers where number < $1) \
             insert into accounts (email, password_hash, created_at) \
             select (select count(*) from accounts) || '-' || number, '', 0 from numbers \
             returning id",
        )
        .bind(count)
        .fetch_all(&self.pool)
        .await
        .unwrap();
        rows.into_iter().map(|(id,)| id).collect()
    }

    pub async fn account(&self) -> AccountId {
        self.accounts(1).await.remove(0)
    }

    /// How many sessions are kept, live or ended.
    pub async fn remaining(&self) -> i64 {
        match &self.redis {
            Some(client) => {
                let script = "return #redis.call('KEYS', '{dwell}:session:*')";
                client.eval(script, (), ()).await.unwrap()
            }
            None => {
                let count = sqlx::query_as("select count(*) from sessions");
                let (count,) = count.fetch_one(&self.pool).await.unwrap();
                count
            }
        }
    }

    pub async fn by_hand(&self, deed: ByHand, key: SessionKey) {
        if let Some(client) = &self.redis {
            let name = format!("{{dwell}}:session:{key}*");
            let script = match deed {
                ByHand::End => {
                    "redis.call('HSET', redis.call('KEYS', ARGV[1])[1], \
                     'ended_at', 1, 'end_reason', 'revoked')"
                }
                ByHand::Postpone => {
                    "local key = redis.call('KEYS', ARGV[1])[1]
                     local name = string.sub(key, #'{dwell}:session:' + 1)
                     redis.call('HINCRBY', key, 'last_active_at', 3600000)
                     redis.call('HINCRBY', key, 'authenticated_at', 3600000)
                     redis.call('ZINCRBY', '{dwell}:by_activity', 3600000, name)
                     redis.call('ZINCRBY', '{dwell}:by_authentication', 3600000, name)"
                }
                ByHand::Delete => "redis.call('DEL', redis.call('KEYS', ARGV[1])[1])",
                ByHand::Empty => {
                    "local now = redis.call('GET', '{dwell}:clock_of_the_test')
                     redis.call('FLUSHDB')
                     redis.call('SET', '{dwell}:clock_of_the_test', now)"
                }
            };
            client.eval::<(), _, _, _>(script, (), name).await.unwrap();
            return;
        }
        let digits = match self.kind {
            Kind::Postgres => "encode(key, 'hex')",
            Kind::Sqlite | Kind::Redis => "lower(hex(key))",
        };
        let deed = match (deed, self.kind) {
            (ByHand::Postpone, _) => {
                "update sessions set last_active_at = last_active_at + 3600000, \
                 authenticated_at = authenticated_at + 3600000"
            }
            (ByHand::End, _) => "update sessions set ended_at = 1, end_reason = 'revoked'",
            (ByHand::Empty, Kind::Postgres) => "truncate sessions",
            (ByHand::Delete | ByHand::Empty, _) => "delete from sessions",
        };
        let which = match deed {
            "truncate sessions" => String::new(),
            _ => format!(" where {digits} like '{key}%'"),
        };
        let statement = AssertSqlSafe(format!("{deed}{which}"));
        let operator = open(&self.url).await;
        operator.execute(statement).await.unwrap();
        operator.close().await;
    }

    /// A place for another database like this one, with the engine's own clock.
    pub async fn fresh_url() -> String {
        schema().await
    }

    /// Everything that is kept of a session and may tell something about a person.
    pub async fn particulars(&self, key: SessionKey) -> String {
        let named = format!("{key}");
        match &self.redis {
            Some(client) => {
                let script = "local kept = ''
                    for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
                        for _, field in ipairs({ 'data', 'address', 'browser' }) do
                            kept = kept .. (redis.call('HGET', key, field) or '')
                        end
                    end
                    return kept";
                let pattern = format!("{{dwell}}:session:{named}*");
                client.eval(script, (), pattern).await.unwrap()
            }
            None => {
                let (kept,): (String,) = sqlx::query_as(AssertSqlSafe(format!(
                    "select data || address || browser from sessions where {} like '{named}%'",
                    match self.kind {
                        Kind::Postgres => "encode(key, 'hex')",
                        _ => "lower(hex(key))",
                    }
                )))
                .fetch_one(&self.pool)
                .await
                .unwrap();
                kept.replace("{}", "")
            }
        }
    }
}

pub fn bounded(pool: AnyPool) -> Database {
    Database::new(pool, CONNECTIONS.timeout)
}

pub async fn open(url: &str) -> AnyPool {
    let url: DatabaseUrl = url.parse().unwrap();
    database::open(&url, CONNECTIONS).await.unwrap()
}

fn next() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, SeqCst)
}

/// The URL of a schema of its own.
async fn schema() -> String {
    let url = postgres().url("postgres", "dwell", "postgres");
    let name = format!("test_{}", next());
    let admin = connected(&url).await;
    admin
        .execute(AssertSqlSafe(format!("create schema {name}")))
        .await
        .unwrap();
    admin.close().await;
    format!("{url}?options=-csearch_path%3D{name}")
}

/// The URL of a database of its own.
pub fn redis_database() -> String {
    redis().url("redis", "", &next().to_string())
}
