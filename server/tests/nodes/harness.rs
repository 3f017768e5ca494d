//! Nodes, the engine that they share, and browsers that use them.

mod background_requests;
mod browser;
mod connection;
mod engine;
#[path = "../../../session/server/tests/engines/mod.rs"]
mod engines;
mod faketime;
mod figures;
mod network_link;
mod node;
mod stopwatch;

pub use dwell::STALENESS;

pub use self::{
    background_requests::BackgroundRequests,
    browser::{Browser, EMAIL},
    connection::{Answer, NoAnswer},
    engine::{ClockStep, Engine, Kind, ManualChange, connected},
    faketime::{Faketime, library},
    figures::Figures,
    network_link::{LinkState, NetworkLink},
    node::Node,
    stopwatch::{TIMEOUT, now, until},
};

/// Defines a test for each case and each engine that nodes can share.
macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        on_engine!(postgres, Postgres, $($case),+);
        on_engine!(redis, Redis, $($case),+);
    };
}

/// Defines a test for each case on one engine.
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
