//! Tests of stores that share a server, and of servers that have sessions of another version.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use dwell::{
    EndReason, Instant,
    store::{Listener, RedisError, SessionKey, Store as _},
};
use tokio::time::{sleep, timeout};

use crate::bench::{Bench, LIMITS, create, found, is_unknown};

#[derive(Debug, Default)]
struct Ends(Mutex<Vec<SessionKey>>);

impl Listener for Ends {
    fn time(&self) -> Instant {
        Instant::from_millis(0)
    }

    fn begin(&self) {}

    fn ended(&self, key: SessionKey) {
        self.0.lock().unwrap().push(key);
    }

    fn take_served(&self) -> Vec<SessionKey> {
        Vec::new()
    }

    fn confirm(&self, _: &[SessionKey], _: Instant) {}

    fn caught_up(&self, _: Instant, _: Instant) {}

    fn always_caught_up(&self) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_with_different_prefixes_are_separate() {
    let bench = Bench::new().await;
    let one = bench.connect().await.unwrap();
    let other = bench.builder().prefix("in-voices_2.0").connect().await;
    let other = other.unwrap();
    let ends = Arc::new(Ends::default());
    let following = tokio::spawn({
        let (other, ends) = (other.clone(), ends.clone());
        async move { other.follow(ends).await }
    });
    let [in_one, in_other] = [create(&one, LIMITS).await, create(&other, LIMITS).await];
    assert!(is_unknown(&other.find(in_one).await.unwrap()));
    assert!(is_unknown(&one.find(in_other).await.unwrap()));
    assert_eq!(one.count().await.unwrap(), 1);
    assert_eq!(
        found(&one, in_one).await.person,
        found(&other, in_other).await.person
    );
    assert_eq!(
        bench.keys("{in-voices_2.0}:*").await.len(),
        7,
        "one of the keys is the time of the store"
    );

    // Once the other store is followed, it reports its own ends and no others.
    let (mut ended_here, mut ended_there) = (HashSet::new(), HashSet::new());
    let is_followed = async {
        while ends.0.lock().unwrap().len() < 3 {
            for (store, ended) in [(&one, &mut ended_here), (&other, &mut ended_there)] {
                let key = create(store, LIMITS).await;
                assert!(store.end(key, EndReason::SignedOut).await.unwrap());
                ended.insert(key);
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), is_followed).await.unwrap();
    let reported: HashSet<_> = ends.0.lock().unwrap().iter().copied().collect();
    assert!(reported.is_subset(&ended_there) && reported.is_disjoint(&ended_here));
    following.abort();
}

#[tokio::test]
async fn an_invalid_prefix_is_refused() {
    let bench = Bench::new().await;
    let too_long = "a".repeat(65);
    for prefix in ["", "{dwell}", "a}b", "a b", "a:b", "*", "é", &too_long] {
        let refused = bench.builder().prefix(prefix).connect().await;
        assert!(
            matches!(refused, Err(RedisError::InvalidPrefix(_))),
            "{prefix}"
        );
    }
}

#[tokio::test]
async fn sessions_of_a_newer_version_are_not_changed() {
    let bench = Bench::new().await;
    bench
        .run::<()>("redis.call('SET', '{dwell}:schema', '3')", [])
        .await;
    let refused = bench.connect().await.unwrap_err();
    assert!(matches!(refused, RedisError::NewerSchema { .. }));
    let refused = bench.builder().migrate().await.unwrap_err();
    assert!(matches!(refused, RedisError::NewerSchema { .. }));
    assert_eq!(bench.keys("*").await.len(), 2);
}
