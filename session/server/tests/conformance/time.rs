//! The store's time does not go back, and nothing is later than it.

use std::time::Duration;

use dwell::{EndReason, Lifetime};

#[cfg(any(feature = "postgres", feature = "redis"))]
use crate::harness::Heard;
use crate::harness::{Bench, ByHand, Lookups as _, sweep};

on_every_engine!(what_is_later_than_now_counts_as_now);

#[cfg(any(feature = "postgres", feature = "redis"))]
mod shared {
    use super::time_goes_on_from_where_it_was_when_the_clock_is_set_back;

    on_postgres!(time_goes_on_from_where_it_was_when_the_clock_is_set_back);
    on_redis!(time_goes_on_from_where_it_was_when_the_clock_is_set_back);
}

const SECOND: Duration = Duration::from_secs(1);
#[cfg(any(feature = "postgres", feature = "redis"))]
const TEN_MINUTES: Duration = Duration::from_secs(600);

// A1, A2
#[cfg(any(feature = "postgres", feature = "redis"))]
async fn time_goes_on_from_where_it_was_when_the_clock_is_set_back(bench: &Bench) {
    let (heard, _following) = Heard::of(bench.store.clone());
    let session = bench.session().await;
    let before = bench.now();
    for _ in 0..2 {
        heard.everything().await;
        bench.clock.set_back(TEN_MINUTES).await;
        assert_eq!(bench.store.now().await.unwrap(), before, "it stands still");
        heard.everything().await;
    }
    bench.advance(SECOND).await;
    assert_eq!(bench.find(session.key).await.now, before + SECOND);
    heard.everything().await;

    bench.advance(2 * TEN_MINUTES).await;
    let now = bench.elsewhere.now().await.unwrap();
    assert_eq!(
        now,
        before + SECOND,
        "a clock that is right again is believed"
    );
    heard.everything().await;
    bench.advance(bench.policy.idle() - 2 * SECOND).await;
    assert!(bench.is_live(&session).await);
    bench.advance(SECOND).await;
    assert!(!bench.is_live(&session).await);
}

// A1, A2
async fn what_is_later_than_now_counts_as_now(bench: &Bench) {
    let [touched, left_alone] = [bench.session().await, bench.session().await];
    for session in [&touched, &left_alone] {
        bench.by_hand(ByHand::Postpone, session.key).await;
    }
    bench.advance(SECOND).await;
    let now = bench.now();
    let seen = bench.touch(touched.key, now).await.found();
    assert_eq!(seen.lifetime.as_of(now), Lifetime::begin(now));
    assert!(bench.store.keep_time(10).await.unwrap() >= 2);
    assert_eq!(bench.store.keep_time(10).await.unwrap(), 0);
    for session in [&touched, &left_alone] {
        let lifetime = bench.find(session.key).await.found().lifetime;
        assert_eq!(lifetime, Lifetime::begin(now));
    }
    bench.advance(bench.policy.idle()).await;
    sweep(&bench.store).await;
    for session in [touched, left_alone] {
        let reason = bench.find(session.key).await.end_reason();
        assert_eq!(reason, Some(EndReason::IdleTimeout));
    }
}
