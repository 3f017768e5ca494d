//! Engines that nodes share tell the time themselves, whatever the nodes think it is.

use std::{sync::Arc, time::Duration};

use dwell_server::{
    clock::{Clock as _, ManualClock, SystemClock},
    store::{RedisStore, SqlStore, Store},
};
use dwell_session::{Instant, Lifetime};

use crate::harness::{
    Bench, CONNECTIONS, Kind, Sightings as _, bounded, new_session, open, redis_database,
};

/// Two nodes whose clocks are wrong, each in its own way.
async fn nodes(bench: &Bench) -> [Arc<dyn Store>; 2] {
    match bench.kind {
        Kind::Redis => {
            let url = redis_database().parse().unwrap();
            let node = || RedisStore::connect(&url, CONNECTIONS, &bench.policy);
            [
                Arc::new(node().await.unwrap()),
                Arc::new(node().await.unwrap()),
            ]
        }
        Kind::Postgres | Kind::Sqlite => {
            let url = Bench::fresh_url().await;
            let (one, other) = (open(&url).await, open(&url).await);
            let clock = |millis| Arc::new(ManualClock::at(Instant::from_millis(millis)));
            let far = clock(i64::MAX / 2);
            sqlx::query("insert into accounts values (1, 'somebody', '', 0)")
                .execute(&one)
                .await
                .unwrap();
            [
                Arc::new(SqlStore::new(bounded(one), clock(0), &bench.policy)),
                Arc::new(SqlStore::new(bounded(other), far, &bench.policy)),
            ]
        }
    }
}

on_engine!(postgres, Postgres, nodes_agree_on_the_time);
on_engine!(redis, Redis, nodes_agree_on_the_time);

async fn nodes_agree_on_the_time(bench: &Bench) {
    let ours = SystemClock::start();
    let [one, other] = nodes(bench).await;
    let account = bench.account().await;
    let before = one.now().await.unwrap();
    let session = new_session(account);
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
