//! What every store must do, on SQLite, PostgreSQL and Redis: same operations, same answers.
//!
//! The tests that are the same for every store come from `dwell-conformance`; here are the engines
//! for them, and the tests of what only one engine can get wrong. The suite starts the servers
//! itself, on free ports and in temporary directories, and they end with it. Their clocks are moved
//! by the tests, to the millisecond. A store is tested where its feature is enabled.

#![cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
#![cfg_attr(
    not(all(feature = "sqlite", feature = "postgres", feature = "redis")),
    allow(unused, reason = "an engine needs a part of it")
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helps a test may fail it"
)]

#[macro_use]
mod harness;

#[cfg(any(feature = "postgres", feature = "redis"))]
mod own_clock;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "sqlite")]
mod on_sqlite {
    use crate::harness::Sqlite;

    dwell_conformance::suite!(Sqlite::start);
    dwell_conformance::by_hand_suite!(Sqlite::start);
}

#[cfg(feature = "postgres")]
mod on_postgres {
    use crate::harness::Postgres;

    dwell_conformance::suite!(Postgres::start);
    dwell_conformance::shared_suite!(Postgres::start);
    dwell_conformance::by_hand_suite!(Postgres::start);
}

#[cfg(feature = "redis")]
mod on_redis {
    use crate::harness::Redis;

    dwell_conformance::suite!(Redis::start);
    dwell_conformance::shared_suite!(Redis::start);
    dwell_conformance::by_hand_suite!(Redis::start);
}
