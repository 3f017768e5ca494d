//! Engines that nodes share tell the time themselves, whatever the nodes think it is.

use std::{sync::Arc, time::Duration};

use dwell::{
    Instant, Lifetime,
    clock::{Clock as _, SystemClock},
    store::Store,
};

use crate::harness::{Bench, Kind, Lookups as _, new_session};

/// Two nodes by the engine's own clock.
async fn nodes(bench: &Bench) -> [Arc<dyn Store>; 2] {
    match bench.kind {
        #[cfg(feature = "sqlite")]
        Kind::Sqlite => unreachable!("it goes by the clock of the process"),
        #[cfg(feature = "postgres")]
        Kind::Postgres => {
            use crate::harness::{postgres_database, postgres_schema};
            use dwell::store::PostgresStore;

            let url = postgres_schema().await;
            [
                Arc::new(PostgresStore::new(postgres_database(&url).await)),
                Arc::new(PostgresStore::new(postgres_database(&url).await)),
            ]
        }
        #[cfg(feature = "redis")]
        Kind::Redis => {
            use crate::harness::{CONNECTIONS, redis_database};
            use dwell::store::RedisStore;

            let url = redis_database().parse().unwrap();
            let node = || RedisStore::connect(&url, CONNECTIONS);
            [
                Arc::new(node().await.unwrap()),
                Arc::new(node().await.unwrap()),
            ]
        }
    }
}

on_postgres!(nodes_agree_on_the_time);
on_redis!(nodes_agree_on_the_time);

async fn nodes_agree_on_the_time(bench: &Bench) {
    let ours = SystemClock::start();
    let [one, other] = nodes(bench).await;
    assert!(one.clock().is_none());
    let before = one.now().await.unwrap();
    let session = new_session(&bench.person());
    let lifetime = other.create(session.clone()).await.unwrap();
    let began_at = lifetime.authenticated_at();
    let after = one.now().await.unwrap();
    assert!(before <= began_at && began_at <= after);
    assert_eq!(lifetime, Lifetime::begin(began_at));
    let apart = after.since(ours.now()).max(ours.now().since(after));
    assert!(apart < Duration::from_secs(60), "it is not the time of day");

    tokio::time::sleep(Duration::from_millis(3)).await;
    let touched = one
        .touch(session.key, Instant::from_millis(i64::MAX / 2))
        .await
        .unwrap();
    let now = touched.now;
    let lifetime = touched.found().lifetime;
    assert_eq!(lifetime.last_active_at(), now, "one statement, one time");
    assert!(now > began_at);
    let found = other.find(session.key).await.unwrap();
    assert!(found.now >= now);
    assert_eq!(found.found().lifetime, lifetime);
}
