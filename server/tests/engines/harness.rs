//! A database for one test, on a server that other tests use too.

#[path = "../../../session/server/tests/engines/mod.rs"]
mod engines;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use dwell::{
    Connections, Instant,
    clock::ManualClock,
    drafts::{DraftLimits, DraftStore, Drafts, PostgresDrafts, SqliteDrafts},
};
use dwell_server::{
    accounts::{AccountId, Accounts, Password, Passwords},
    database::Database,
};
use sqlx::{
    AnyConnection, AssertSqlSafe, Connection as _, Executor as _, PgConnection,
    any::install_default_drivers,
};
use tempfile::TempDir;

pub use self::engines::{postgres, redis};

pub const NOW: Instant = Instant::from_millis(1_700_000_000_000);

/// Only a few connections, so that many tests can use one server at a time.
pub const CONNECTIONS: Connections = Connections {
    limit: 4,
    timeout: Duration::from_secs(30),
};

/// Defines a test for each case and each engine.
macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(&$crate::harness::Bench::sqlite().await).await;
                }
            )+
        }

        mod postgres {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(&$crate::harness::Bench::postgres().await).await;
                }
            )+
        }
    };
}

/// An application's database.
pub struct Bench {
    pub database: Database,
    _directory: Option<TempDir>,
}

impl Bench {
    pub async fn sqlite() -> Self {
        let directory = engines::directory();
        Self {
            database: open(&sqlite_url(&directory)).await,
            _directory: Some(directory),
        }
    }

    pub async fn postgres() -> Self {
        Self {
            database: open(&schema().await).await,
            _directory: None,
        }
    }

    pub fn drafts(&self) -> Drafts {
        let store: Arc<dyn DraftStore> = match &self.database {
            Database::Sqlite(database) => Arc::new(SqliteDrafts::new(database.clone())),
            Database::Postgres(database) => Arc::new(PostgresDrafts::new(database.clone())),
        };
        Drafts::new(
            store,
            Arc::new(ManualClock::at(NOW)),
            DraftLimits::default(),
        )
    }

    pub async fn accounts(&self, count: usize) -> Vec<AccountId> {
        let passwords = Arc::new(Passwords::new(2).unwrap());
        let clock = Arc::new(ManualClock::at(NOW));
        let accounts = Accounts::new(self.database.clone(), passwords, clock);
        let mut added = Vec::new();
        for number in 0..count {
            let email = format!("person{number}@example.com").parse().unwrap();
            let password = Password::typed("correct horse battery staple".into());
            added.push(accounts.add(&email, password).await.unwrap());
        }
        added
    }
}

pub async fn open(url: &str) -> Database {
    let url = url.parse().unwrap();
    Database::open(&url, CONNECTIONS).await.unwrap()
}

/// A connection whose type is the same for all engines.
pub async fn connect(url: &str) -> AnyConnection {
    install_default_drivers();
    AnyConnection::connect(url).await.unwrap()
}

pub fn sqlite_url(directory: &TempDir) -> String {
    format!("sqlite://{}", directory.path().join("dwell.db").display())
}

pub fn directory() -> TempDir {
    engines::directory()
}

fn next() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, SeqCst)
}

/// The URL of a schema of its own.
pub async fn schema() -> String {
    let url = postgres().url("postgres", "dwell", "postgres");
    let name = format!("test_{}", next());
    let mut admin = engines::connected(|| PgConnection::connect(&url)).await;
    let create = AssertSqlSafe(format!("create schema {name}"));
    admin.execute(create).await.unwrap();
    admin.close().await.unwrap();
    format!("{url}?options=-csearch_path%3D{name}")
}

/// The URL of a database of its own.
pub fn redis_database() -> String {
    redis().url("redis", "", &next().to_string())
}
