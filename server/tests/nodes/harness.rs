//! Nodes, the engine that they share, and browsers that use them.

mod asking;
mod browser;
mod connection;
mod engine;
#[path = "../../../session/server/tests/engines/mod.rs"]
mod engines;
mod faketime;
mod figures;
mod link;
mod node;
mod stopwatch;

pub use dwell::STALENESS;

pub use self::{
    asking::Asking,
    browser::{Browser, EMAIL},
    connection::{Answer, NoAnswer},
    engine::{Deed, Engine, Kind, Turn, connected},
    faketime::{Faketime, library},
    figures::Figures,
    link::{Link, Way},
    node::Node,
    stopwatch::{PATIENCE, now, until},
};

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
