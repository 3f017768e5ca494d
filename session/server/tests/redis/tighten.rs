//! Tests that the limits of all sessions are shortened in small steps.

use std::{collections::HashSet, time::Duration};

use dwell::store::{SessionLimits, Store as _};
use dwell::{EndReason, Instant};

use crate::bench::{Bench, HOUR, LIMITS, MS, SECOND, create, found};

/// More sessions than one script examines.
const MANY: usize = 1_201;

const SHORTER: SessionLimits = SessionLimits {
    idle: Duration::from_secs(600),
    absolute: HOUR,
};

// All sessions were active in the same millisecond.
#[tokio::test]
async fn every_session_is_shortened_once() {
    let bench = Bench::new().await;
    let store = bench.connect().await.unwrap();
    let mut keys = HashSet::new();
    for _ in 0..MANY {
        keys.insert(create(&store, LIMITS).await);
    }
    let mut count = 0;
    loop {
        let shortened = store.tighten(SHORTER, 100).await.unwrap();
        assert!(shortened <= 100);
        count += shortened;
        if shortened < 100 {
            break;
        }
    }
    assert_eq!(count, MANY as u64);
    for key in keys {
        assert_eq!(found(&store, key).await.limits, SHORTER);
    }
    assert_eq!(store.tighten(SHORTER, 100).await.unwrap(), 0);
}

#[tokio::test]
async fn the_two_limits_are_shortened_independently_and_never_extended() {
    let bench = Bench::new().await;
    let store = bench.connect().await.unwrap();
    let idle_is_shorter = SessionLimits {
        idle: SECOND,
        absolute: 2 * HOUR,
    };
    let absolute_is_shorter = SessionLimits {
        idle: HOUR,
        absolute: 2 * SECOND,
    };
    let keys = [
        create(&store, idle_is_shorter).await,
        create(&store, absolute_is_shorter).await,
        create(&store, SHORTER).await,
    ];
    assert_eq!(store.tighten(SHORTER, 10).await.unwrap(), 2);
    let expected = [
        SessionLimits {
            idle: SECOND,
            absolute: HOUR,
        },
        SessionLimits {
            idle: SHORTER.idle,
            absolute: 2 * SECOND,
        },
        SHORTER,
    ];
    for (key, limits) in keys.into_iter().zip(expected) {
        assert_eq!(found(&store, key).await.limits, limits);
    }
}

// A1, A2
#[tokio::test]
async fn a_session_ends_by_its_new_limits() {
    let bench = Bench::new().await;
    let store = bench.connect().await.unwrap();
    let [left_alone, touched, ended] = [
        create(&store, LIMITS).await,
        create(&store, LIMITS).await,
        create(&store, LIMITS).await,
    ];
    let began_at = bench.now().await;
    store.end(ended, EndReason::SignedOut).await.unwrap();
    bench.advance(SHORTER.idle - MS).await;
    assert_eq!(store.tighten(SHORTER, 10).await.unwrap(), 2);
    store.touch(touched, bench.now().await).await.unwrap();
    bench.advance(MS).await;
    let swept = store.sweep(10).await.unwrap().ended;
    assert_eq!(swept.len(), 1);
    assert_eq!(swept[0].key, left_alone);
    assert_eq!(swept[0].ended_at, began_at + SHORTER.idle);
    assert!(store.data(touched).await.unwrap().is_some());
}

// Instants that a clock wrote while it was ahead are set to now first, so that no session is
// missed.
#[tokio::test]
async fn sessions_with_instants_later_than_now_are_shortened_too() {
    let bench = Bench::new().await;
    let store = bench.connect().await.unwrap();
    bench.advance(HOUR).await;
    let mut keys = vec![create(&store, LIMITS).await];
    keys.push(create(&store, LIMITS).await);
    let script = "redis.call('DECRBY', '{dwell}:clock_of_the_test', 3600000)";
    bench.run::<()>(script, []).await;
    keys.push(create(&store, LIMITS).await);
    assert_eq!(store.tighten(SHORTER, 1).await.unwrap(), 1);
    assert_eq!(store.tighten(SHORTER, 9).await.unwrap(), 2);
    for key in keys {
        let session = found(&store, key).await;
        assert_eq!(session.limits, SHORTER);
        assert_eq!(session.lifetime.last_active_at(), bench.now().await);
    }
}

// A touch moves a session to the end of the order in which the sessions are examined.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_are_touched_in_the_meantime_are_shortened_too() {
    let bench = Bench::new().await;
    let store = bench.connect().await.unwrap();
    let mut keys = Vec::new();
    for _ in 0..MANY {
        keys.push(create(&store, LIMITS).await);
        bench.advance(MS).await;
    }
    let touch = async {
        for batch in keys.chunks(50) {
            bench.advance(MS).await;
            let now = bench.now().await;
            let touches: Vec<(_, Instant)> = batch.iter().map(|key| (*key, now)).collect();
            assert_eq!(store.touch_all(&touches).await.unwrap().len(), batch.len());
        }
    };
    let tighten = async {
        let mut count = 0;
        loop {
            let shortened = store.tighten(SHORTER, 20).await.unwrap();
            count += shortened;
            if shortened < 20 {
                return count;
            }
        }
    };
    let ((), count) = tokio::join!(touch, tighten);
    assert_eq!(count, MANY as u64);
    for key in keys {
        assert_eq!(found(&store, key).await.limits, SHORTER);
    }
}
