//! An engine for one test.

mod bench;
mod clock;
#[path = "../engines/mod.rs"]
mod engines;
mod heard;
mod sessions;

#[cfg(feature = "postgres")]
pub use self::bench::{postgres_database, postgres_schema};
#[cfg(feature = "redis")]
pub use self::{bench::redis_database, clock::redis_client, engines::Server};
pub use self::{
    bench::{Bench, ByHand, CONNECTIONS, Engine, Kind},
    heard::{Heard, follow},
    sessions::{Lookups, new_session, sweep},
};

/// Makes a test of each case for each engine.
macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        on_sqlite!($($case),+);
        on_postgres!($($case),+);
        on_redis!($($case),+);
    };
}

/// Makes a test of each case for SQLite.
macro_rules! on_sqlite {
    ($($case:ident),+ $(,)?) => {
        #[cfg(feature = "sqlite")]
        mod on_sqlite {
            on_engine!(Sqlite, $($case),+);
        }
    };
}

/// Makes a test of each case for PostgreSQL.
macro_rules! on_postgres {
    ($($case:ident),+ $(,)?) => {
        #[cfg(feature = "postgres")]
        mod on_postgres {
            on_engine!(Postgres, $($case),+);
        }
    };
}

/// Makes a test of each case for Redis.
macro_rules! on_redis {
    ($($case:ident),+ $(,)?) => {
        #[cfg(feature = "redis")]
        mod on_redis {
            on_engine!(Redis, $($case),+);
        }
    };
}

macro_rules! on_engine {
    ($kind:ident, $($case:ident),+) => {
        use $crate::harness::{Bench, Kind};
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&Bench::on(Kind::$kind).await).await;
            }
        )+
    };
}
