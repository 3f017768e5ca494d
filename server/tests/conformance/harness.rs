//! An engine for one test.

mod bench;
mod clock;
#[path = "../engines/mod.rs"]
mod engines;
mod heard;
mod sessions;

pub use self::{
    bench::{Bench, ByHand, CONNECTIONS, Kind, bounded, open, redis_database},
    clock::redis_client,
    engines::{Server, postgres, redis},
    heard::{Heard, follow},
    sessions::{Sightings, new_session, sweep},
};

/// Makes a test of each case for each engine.
macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        on_engine!(sqlite, Sqlite, $($case),+);
        on_engine!(postgres, Postgres, $($case),+);
        on_engine!(redis, Redis, $($case),+);
    };
}

/// Makes a test of each case for one engine.
macro_rules! on_engine {
    ($name:ident, $kind:ident, $($case:ident),+) => {
        mod $name {
            use $crate::harness::{Bench, Kind};
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case(&Bench::on(Kind::$kind).await).await;
                }
            )+
        }
    };
}
