//! The store's time does not go back, and nothing is later than it.

use std::{sync::Arc, time::Duration};

use dwell_server::{
    clock::ManualClock,
    store::{SqlStore, Store as _},
};
use dwell_session::{EndReason, Lifetime};

use crate::harness::{Bench, ByHand, Heard, Sightings as _, sweep};

on_engine!(
    postgres,
    Postgres,
    time_goes_on_from_where_it_was_when_the_clock_is_set_back,
    what_is_later_than_now_counts_as_now
);
on_engine!(
    redis,
    Redis,
    time_goes_on_from_where_it_was_when_the_clock_is_set_back,
    what_is_later_than_now_counts_as_now
);
on_engine!(
    sqlite,
    Sqlite,
    a_touch_that_read_the_clock_earlier_takes_nothing_back,
    what_time_it_is_is_written_down_while_somebody_is_signed_in,
    what_is_later_than_now_counts_as_now
);

const SECOND: Duration = Duration::from_secs(1);
const TEN_MINUTES: Duration = Duration::from_secs(600);

// A1, A2
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

/// It waited while another was written.
async fn a_touch_that_read_the_clock_earlier_takes_nothing_back(bench: &Bench) {
    let key = bench.session().await.key;
    bench.advance(2 * SECOND).await;
    let now = bench.now();
    bench.touch(key, now).await;
    let clock = Arc::new(ManualClock::at(now - SECOND));
    let held_up = SqlStore::new(bench.database(), clock, &bench.policy);
    for at in [now - 2 * SECOND, now - SECOND, now] {
        held_up.touch(key, at).await.unwrap();
        held_up.touch_all(&[(key, at)]).await.unwrap();
        let lifetime = bench.find(key).await.found().lifetime;
        assert_eq!(lifetime.last_active_at(), now);
    }
}

async fn what_time_it_is_is_written_down_while_somebody_is_signed_in(bench: &Bench) {
    let database = bench.database();
    let keep = async || {
        bench.store.keep_time(10).await.unwrap();
        SqlStore::mark(&database).await.unwrap()
    };
    assert_eq!(keep().await, None);
    let session = bench.session().await;
    let began_at = bench.now();
    assert_eq!(keep().await, Some(began_at));
    bench.advance(SECOND / 2).await;
    assert_eq!(keep().await, Some(began_at), "not at every call");
    bench.advance(SECOND / 2).await;
    assert_eq!(keep().await, Some(bench.now()));
    bench.end(session.key, EndReason::SignedOut).await;
    bench.advance(SECOND).await;
    assert_eq!(keep().await, Some(began_at + SECOND));
}
