//! Tests that the clock of an engine that nodes share decides, whatever the clocks of the nodes
//! say.

use std::{sync::Arc, time::Duration};

use dwell::{
    Instant, Lifetime,
    clock::{Clock as _, SystemClock},
    store::Store,
};
use dwell_conformance::{LookupExt as _, new_session};

#[cfg(feature = "postgres")]
use crate::harness::Postgres;
#[cfg(feature = "redis")]
use crate::harness::Redis;

#[cfg(feature = "postgres")]
#[tokio::test]
async fn nodes_agree_on_the_time_of_postgresql() {
    nodes_agree_on_the_time(Postgres::nodes().await).await;
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn nodes_agree_on_the_time_of_redis() {
    nodes_agree_on_the_time(Redis::nodes().await).await;
}

async fn nodes_agree_on_the_time([one, other]: [Arc<dyn Store>; 2]) {
    let node_clock = SystemClock::start();
    assert!(one.clock().is_none());
    let before = one.now().await.unwrap();
    let session = new_session(&1.into());
    let lifetime = other.create(session.clone()).await.unwrap();
    let began_at = lifetime.authenticated_at();
    let after = one.now().await.unwrap();
    assert!(before <= began_at && began_at <= after);
    assert_eq!(lifetime, Lifetime::begin(began_at));
    let apart = after
        .since(node_clock.now())
        .max(node_clock.now().since(after));
    assert!(
        apart < Duration::from_secs(60),
        "the time of the store is not the time of day"
    );

    tokio::time::sleep(Duration::from_millis(3)).await;
    let touched = one
        .touch(session.key, Instant::from_millis(i64::MAX / 2))
        .await
        .unwrap();
    let now = touched.now;
    let lifetime = touched.found().lifetime;
    assert_eq!(
        lifetime.last_active_at(),
        now,
        "a statement must use one time"
    );
    assert!(now > began_at);
    let found = other.find(session.key).await.unwrap();
    assert!(found.now >= now);
    assert_eq!(found.found().lifetime, lifetime);
}
