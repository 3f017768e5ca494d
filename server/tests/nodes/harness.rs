//! Nodes, the engine that they share, and browsers that use them.

mod browser;
mod connection;
mod engine;
#[path = "../engines/mod.rs"]
mod engines;
mod figures;
mod node;
mod stopwatch;

pub use self::{
    browser::{Browser, EMAIL},
    connection::{Answer, NoAnswer},
    engine::{Engine, Kind},
    figures::Figures,
    node::Node,
    stopwatch::{now, until},
};

/// The longest that a node may serve a session that has ended on another.
pub const STALENESS: std::time::Duration = std::time::Duration::from_secs(1);

/// Makes a test of each case for each engine that nodes can share.
macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        on_engine!(postgres, Postgres, $($case),+);
        on_engine!(redis, Redis, $($case),+);
    };
}

/// Makes a test of each case for one engine.
macro_rules! on_engine {
    ($name:ident, $kind:ident, $($case:ident),+) => {
        mod $name {
            use $crate::harness::Kind;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case(Kind::$kind).await;
                }
            )+
        }
    };
}
