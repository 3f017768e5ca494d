//! The sessions of a test in a schema of PostgreSQL.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::SeqCst},
};

use dwell::{
    Instant,
    postgres::Database,
    store::{PostgresStore, SessionKey, Store, async_trait},
};
use dwell_conformance::{ByHand, Deed, Subject};
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool};

use super::{
    CONNECTIONS,
    engines::{connected, postgres},
    sql,
};

/// Replaces the clock of PostgreSQL by a sequence, because changes of a sequence are visible to
/// every statement at once, whatever transaction it is in.
const CLOCK: &str = "
    create sequence clock_of_the_test;
    create or replace function dwell_session_clock() returns bigint language sql volatile
    as 'select last_value from clock_of_the_test'
";

/// A schema that two nodes use.
pub struct Postgres {
    nodes: [Arc<PostgresStore>; 2],
    /// The connections of the operator, and those that move the clock.
    pub pool: PgPool,
    pub url: String,
}

impl Postgres {
    pub async fn start() -> Self {
        let url = schema().await;
        let database = database(&url).await;
        let pool = database.pool().clone();
        pool.execute(CLOCK).await.unwrap();
        let other = self::database(&url).await;
        Self {
            nodes: [database, other].map(|database| Arc::new(PostgresStore::new(database))),
            pool,
            url,
        }
    }

    /// Starts two nodes that use the real clock of PostgreSQL.
    pub async fn nodes() -> [Arc<dyn Store>; 2] {
        let url = schema().await;
        [
            Arc::new(PostgresStore::new(database(&url).await)),
            Arc::new(PostgresStore::new(database(&url).await)),
        ]
    }
}

#[async_trait]
impl Subject for Postgres {
    fn store(&self) -> Arc<dyn Store> {
        self.nodes[0].clone()
    }

    fn elsewhere(&self) -> Arc<dyn Store> {
        self.nodes[1].clone()
    }

    async fn set_clock(&self, now: Instant) {
        sqlx::query("select setval('clock_of_the_test', $1)")
            .bind(now.as_millis())
            .execute(&self.pool)
            .await
            .unwrap();
    }

    async fn sessions_kept(&self) -> u64 {
        let count = sqlx::query_scalar(sql::COUNT);
        let count: i64 = count.fetch_one(&self.pool).await.unwrap();
        count.unsigned_abs()
    }

    async fn personal_data(&self, key: SessionKey) -> String {
        let stored = sqlx::query_scalar(sql::PERSONAL_DATA).bind(key.as_bytes().as_slice());
        let stored: String = stored.fetch_one(&self.pool).await.unwrap();
        stored.replace("{}", "")
    }
}

#[async_trait]
impl ByHand for Postgres {
    async fn by_hand(&self, deed: Deed, key: SessionKey) {
        let statement = match deed {
            // This is told by a trigger of its own.
            Deed::DeleteAll => "truncate dwell_sessions",
            deed => sql::by_hand(deed),
        };
        let mut query = sqlx::query(statement);
        if deed != Deed::DeleteAll {
            query = query.bind(key.as_bytes().as_slice());
        }
        query.execute(&self.pool).await.unwrap();
    }
}

/// Opens the database at `url` as a node does.
async fn database(url: &str) -> Database {
    let options = url.parse().unwrap();
    let database = Database::connect(options, CONNECTIONS).await.unwrap();
    database.migrate().await.unwrap();
    database
}

/// Creates an empty schema and returns its URL.
async fn schema() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let url = postgres().url("postgres", "dwell", "postgres");
    let name = format!("test_{}", COUNT.fetch_add(1, SeqCst));
    let mut admin = connected(|| PgConnection::connect(&url)).await;
    let create = sqlx::AssertSqlSafe(format!("create schema {name}"));
    admin.execute(create).await.unwrap();
    admin.close().await.unwrap();
    format!("{url}?options=-csearch_path%3D{name}")
}
