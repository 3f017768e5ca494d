//! A store under test, with all that belongs to it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use dwell::{
    Checks, Connections, Instant, Limits, PersonId, Policy,
    clock::ManualClock,
    store::{SessionKey, Store},
};
use tempfile::TempDir;

#[cfg(feature = "postgres")]
use super::{
    clock::POSTGRES_TIME,
    engines::{connected, postgres},
};
use super::{
    clock::{Moved, START, TestClock},
    engines::directory,
};
#[cfg(feature = "redis")]
use super::{
    clock::{REDIS_TIME, redis_client},
    engines::redis,
};

/// The engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    #[cfg(feature = "sqlite")]
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "redis")]
    Redis,
}

/// What an operator does to sessions with the tools of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByHand {
    End,
    Delete,
    /// Deletes all sessions.
    Empty,
    /// Moves both instants an hour ahead, as a clock that is wrong does.
    Postpone,
}

/// Where an operator looks for sessions.
pub enum Engine {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
    #[cfg(feature = "redis")]
    Redis(fred::clients::Client),
}

/// A store of its own for one test, on an engine that others use too.
pub struct Bench {
    pub kind: Kind,
    pub policy: Policy,
    pub clock: TestClock,
    pub store: Arc<dyn Store>,
    /// Another node's, on the same engine.
    pub elsewhere: Arc<dyn Store>,
    pub engine: Engine,
    /// Where the sessions are.
    pub url: String,
    _directory: TempDir,
}

/// A node has few connections, so that many nodes' worth of tests fit into one server.
pub const CONNECTIONS: Connections = Connections {
    limit: 4,
    timeout: Duration::from_secs(30),
};

impl Bench {
    pub async fn on(kind: Kind) -> Self {
        match kind {
            #[cfg(feature = "sqlite")]
            Kind::Sqlite => Self::on_sqlite().await,
            #[cfg(feature = "postgres")]
            Kind::Postgres => Self::on_postgres().await,
            #[cfg(feature = "redis")]
            Kind::Redis => Self::on_redis().await,
        }
    }

    #[cfg(feature = "sqlite")]
    async fn on_sqlite() -> Self {
        use dwell::{sqlite::Database, store::SqliteStore};

        let directory = directory();
        let file = directory.path().join("dwell.db");
        let clock = Arc::new(ManualClock::at(START));
        let node = || Database::open(file.as_path(), CONNECTIONS);
        let (database, other) = (node().await.unwrap(), node().await.unwrap());
        database.migrate().await.unwrap();
        let url = format!("sqlite://{}", file.display());
        Self {
            kind: Kind::Sqlite,
            policy: policy(),
            store: Arc::new(SqliteStore::new(database, clock.clone())),
            elsewhere: Arc::new(SqliteStore::new(other, clock.clone())),
            clock: TestClock::moving(Moved::Process(clock)).await,
            engine: Engine::Sqlite(sqlx::SqlitePool::connect(&url).await.unwrap()),
            url,
            _directory: directory,
        }
    }

    #[cfg(feature = "postgres")]
    async fn on_postgres() -> Self {
        use dwell::store::PostgresStore;
        use sqlx::Executor as _;

        let url = postgres_schema().await;
        let database = postgres_database(&url).await;
        let pool = database.pool().clone();
        pool.execute(POSTGRES_TIME).await.unwrap();
        Self {
            kind: Kind::Postgres,
            policy: policy(),
            clock: TestClock::moving(Moved::Postgres(pool.clone())).await,
            store: Arc::new(PostgresStore::new(database)),
            elsewhere: Arc::new(PostgresStore::new(postgres_database(&url).await)),
            engine: Engine::Postgres(pool),
            url,
            _directory: directory(),
        }
    }

    #[cfg(feature = "redis")]
    async fn on_redis() -> Self {
        use dwell::store::RedisStore;

        let url = redis_database();
        let client = redis_client(&url).await;
        let clock = TestClock::moving(Moved::Redis(client.clone())).await;
        let node = async || {
            let node = RedisStore::builder(&url.parse().unwrap())
                .connections(CONNECTIONS)
                .time_from_lua(REDIS_TIME);
            Arc::new(node.connect().await.unwrap())
        };
        Self {
            kind: Kind::Redis,
            policy: policy(),
            clock,
            store: node().await,
            elsewhere: node().await,
            engine: Engine::Redis(client),
            url,
            _directory: directory(),
        }
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    pub async fn advance(&self, duration: Duration) {
        self.clock.advance(duration).await;
    }

    /// Somebody new.
    pub fn person(&self) -> PersonId {
        PersonId::from(next())
    }

    /// How many sessions are kept, live or ended.
    pub async fn remaining(&self) -> i64 {
        let count = "select count(*) from dwell_sessions";
        match &self.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(pool) => sqlx::query_scalar(count).fetch_one(pool).await.unwrap(),
            #[cfg(feature = "postgres")]
            Engine::Postgres(pool) => sqlx::query_scalar(count).fetch_one(pool).await.unwrap(),
            #[cfg(feature = "redis")]
            Engine::Redis(client) => {
                use fred::interfaces::LuaInterface as _;

                let script = "return #redis.call('KEYS', '{dwell}:session:*')";
                client.eval(script, (), ()).await.unwrap()
            }
        }
    }

    pub async fn by_hand(&self, deed: ByHand, key: SessionKey) {
        let statement = match deed {
            ByHand::End => "update dwell_sessions set ended_at = 1, end_reason = 'revoked'",
            ByHand::Delete | ByHand::Empty => "delete from dwell_sessions",
            ByHand::Postpone => {
                "update dwell_sessions set last_active_at = last_active_at + 3600000, \
                 authenticated_at = authenticated_at + 3600000"
            }
        };
        match &self.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(pool) => {
                let which = match deed {
                    ByHand::Empty => String::new(),
                    _ => format!(" where hex(key) = upper('{}')", key.to_hex()),
                };
                let statement = sqlx::AssertSqlSafe(format!("{statement}{which}"));
                sqlx::query(statement).execute(pool).await.unwrap();
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres(pool) => {
                let statement = match deed {
                    ByHand::Empty => "truncate dwell_sessions".to_owned(),
                    _ => format!("{statement} where encode(key, 'hex') = '{}'", key.to_hex()),
                };
                let statement = sqlx::AssertSqlSafe(statement);
                sqlx::query(statement).execute(pool).await.unwrap();
            }
            #[cfg(feature = "redis")]
            Engine::Redis(client) => by_hand_in_redis(client, deed, key).await,
        }
    }

    /// Everything that is kept of a session and may tell something about a person.
    pub async fn particulars(&self, key: SessionKey) -> String {
        let particulars = "select data || address || browser || coalesce(credential, '')
            || coalesce(issuer, '') || coalesce(subject, '') || coalesce(provider_session, '')
            from dwell_sessions where key = $1";
        let key_bytes = key.as_bytes().as_slice();
        let kept: String = match &self.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(pool) => {
                let query = sqlx::query_scalar(particulars).bind(key_bytes);
                query.fetch_one(pool).await.unwrap()
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres(pool) => {
                let query = sqlx::query_scalar(particulars).bind(key_bytes);
                query.fetch_one(pool).await.unwrap()
            }
            #[cfg(feature = "redis")]
            Engine::Redis(client) => {
                use fred::interfaces::LuaInterface as _;

                let script = "local kept = ''
                    for _, field in ipairs({ 'data', 'address', 'browser', 'credential',
                            'issuer', 'subject', 'provider_session' }) do
                        kept = kept .. (redis.call('HGET', ARGV[1], field) or '')
                    end
                    return kept";
                let name = format!("{{dwell}}:session:{}", key.to_hex());
                client.eval(script, (), name).await.unwrap()
            }
        };
        kept.replace("{}", "")
    }
}

#[cfg(feature = "redis")]
async fn by_hand_in_redis(client: &fred::clients::Client, deed: ByHand, key: SessionKey) {
    use fred::interfaces::LuaInterface as _;

    let script = match deed {
        ByHand::End => "redis.call('HSET', ARGV[1], 'ended_at', 1, 'end_reason', 'revoked')",
        ByHand::Postpone => {
            "redis.call('HINCRBY', ARGV[1], 'last_active_at', 3600000)
             redis.call('HINCRBY', ARGV[1], 'authenticated_at', 3600000)
             redis.call('ZINCRBY', '{dwell}:by_last_activity', 3600000, ARGV[2])"
        }
        ByHand::Delete => "redis.call('DEL', ARGV[1])",
        ByHand::Empty => {
            "local now = redis.call('GET', '{dwell}:clock_of_the_test')
             redis.call('FLUSHDB')
             redis.call('SET', '{dwell}:clock_of_the_test', now)"
        }
    };
    let digits = key.to_hex();
    let name = format!("{{dwell}}:session:{digits}");
    let done = client.eval::<(), _, _, _>(script, (), vec![name, digits]);
    done.await.unwrap();
}

fn policy() -> Policy {
    Policy::new(Limits::default(), None, Checks::Enforce).unwrap()
}

/// The node's way to the database at `url`.
#[cfg(feature = "postgres")]
pub async fn postgres_database(url: &str) -> dwell::postgres::Database {
    use dwell::postgres::Database;

    let options = url.parse().unwrap();
    let database = Database::connect(options, CONNECTIONS).await.unwrap();
    database.migrate().await.unwrap();
    database
}

/// The URL of a schema of its own, where nothing is.
#[cfg(feature = "postgres")]
pub async fn postgres_schema() -> String {
    use sqlx::{Connection as _, Executor as _, PgConnection};

    let url = postgres().url("postgres", "dwell", "postgres");
    let name = format!("test_{}", next());
    let mut admin = connected(|| PgConnection::connect(&url)).await;
    let create = sqlx::AssertSqlSafe(format!("create schema {name}"));
    admin.execute(create).await.unwrap();
    admin.close().await.unwrap();
    format!("{url}?options=-csearch_path%3D{name}")
}

/// The URL of a database of its own.
#[cfg(feature = "redis")]
pub fn redis_database() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    redis().url("redis", "", &COUNT.fetch_add(1, SeqCst).to_string())
}

fn next() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, SeqCst)
}
