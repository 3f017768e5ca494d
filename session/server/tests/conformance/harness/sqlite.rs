//! The sessions of a test in an SQLite file.

use std::sync::Arc;

use dwell::{
    Instant,
    clock::ManualClock,
    sqlite::Database,
    store::{SessionKey, SqliteStore, Store, async_trait},
};
use dwell_conformance::{ByHand, Deed, START, Subject};
use sqlx::SqlitePool;
use tempfile::TempDir;

use super::{CONNECTIONS, engines::directory, sql};

/// A file that two nodes have opened.
pub struct Sqlite {
    nodes: [Arc<SqliteStore>; 2],
    clock: Arc<ManualClock>,
    /// The connections of the operator.
    pool: SqlitePool,
    pub url: String,
    _directory: TempDir,
}

impl Sqlite {
    pub async fn start() -> Self {
        let directory = directory();
        let file = directory.path().join("dwell.db");
        let clock = Arc::new(ManualClock::at(START));
        let open = || Database::open(file.as_path(), CONNECTIONS);
        let (database, other) = (open().await.unwrap(), open().await.unwrap());
        database.migrate().await.unwrap();
        let url = format!("sqlite://{}", file.display());
        Self {
            nodes: [database, other]
                .map(|database| Arc::new(SqliteStore::new(database, clock.clone()))),
            clock,
            pool: SqlitePool::connect(&url).await.unwrap(),
            url,
            _directory: directory,
        }
    }
}

#[async_trait]
impl Subject for Sqlite {
    fn store(&self) -> Arc<dyn Store> {
        self.nodes[0].clone()
    }

    fn elsewhere(&self) -> Arc<dyn Store> {
        self.nodes[1].clone()
    }

    async fn set_clock(&self, now: Instant) {
        self.clock.advance_to(now);
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
impl ByHand for Sqlite {
    async fn by_hand(&self, deed: Deed, key: SessionKey) {
        let mut query = sqlx::query(sql::by_hand(deed));
        if deed != Deed::DeleteAll {
            query = query.bind(key.as_bytes().as_slice());
        }
        query.execute(&self.pool).await.unwrap();
    }
}
