//! Runs the conformance tests of stores on SQLite, PostgreSQL and Redis.
//!
//! The tests that are the same for every store come from `dwell-conformance`. This suite has the
//! engines for them, and tests of mistakes that only one engine can make. It starts the servers
//! itself, on free ports and in temporary directories, and they end with it. The tests move the
//! clocks of the servers. A store is tested if its feature is enabled.

#![cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
#![cfg_attr(
    not(all(feature = "sqlite", feature = "postgres", feature = "redis")),
    allow(unused, reason = "each engine uses only a part of the harness")
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of a test may fail the test"
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
