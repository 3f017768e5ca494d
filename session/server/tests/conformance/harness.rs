//! The engines on which a test runs.

#[path = "../engines/mod.rs"]
mod engines;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::time::Duration;

use dwell::Connections;

#[cfg(feature = "postgres")]
pub use self::postgres::Postgres;
#[cfg(feature = "sqlite")]
pub use self::sqlite::Sqlite;
#[cfg(feature = "redis")]
pub use self::{engines::Server, redis::Redis};

/// The connections of a node. There are few of them, so that the nodes of many tests fit into one
/// server.
pub const CONNECTIONS: Connections = Connections {
    limit: 4,
    timeout: Duration::from_secs(30),
};

/// Makes a test of each case. The case receives a bench with this engine.
macro_rules! on_engine {
    ($engine:ident; $($case:ident),+ $(,)?) => {
        mod on_engine {
            use dwell_conformance::Bench;

            use $crate::harness::$engine;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case(&Bench::of($engine::start().await).await).await;
                }
            )+
        }
    };
}
