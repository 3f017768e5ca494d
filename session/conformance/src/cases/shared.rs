//! What stores promise that several nodes share, by a clock of their own.

use std::time::Duration;

use dwell::EndReason;

use crate::{Bench, Follower, follower::eventually};

const SECOND: Duration = Duration::from_secs(1);
const TEN_MINUTES: Duration = Duration::from_secs(600);

/// What is served without asking the store is confirmed by it soon after, and what has ended is not.
pub(crate) async fn what_is_served_and_lives_is_confirmed(bench: &Bench) {
    let (follower, _following) = Follower::start(bench.store.clone());
    follower.caught_up().await;
    let [alive, ended] = [bench.session().await.key, bench.session().await.key];
    bench.end(ended, EndReason::SignedOut).await;
    eventually("the live session is confirmed", || {
        follower.serve(&[alive, ended]);
        follower.take_confirmation(alive)
    })
    .await;
    assert!(!follower.take_confirmation(ended));
}

pub(crate) async fn the_stores_time_is_told(bench: &Bench) {
    let (follower, _following) = Follower::start(bench.store.clone());
    assert_eq!(follower.caught_up().await, Some(bench.now()));
    bench.advance(Duration::from_secs(3_600)).await;
    assert_eq!(follower.caught_up().await, Some(bench.now()));
}

// A1, A2
pub(crate) async fn time_goes_on_from_where_it_was_when_the_clock_is_set_back(bench: &Bench) {
    let (follower, _following) = Follower::start(bench.store.clone());
    let session = bench.session().await;
    let before = bench.now();
    for _ in 0..2 {
        follower.caught_up().await;
        bench.set_back(TEN_MINUTES).await;
        assert_eq!(bench.store.now().await.unwrap(), before, "it stands still");
        follower.caught_up().await;
    }
    bench.advance(SECOND).await;
    assert_eq!(bench.find(session.key).await.now, before + SECOND);
    follower.caught_up().await;

    bench.advance(2 * TEN_MINUTES).await;
    let now = bench.elsewhere.now().await.unwrap();
    assert_eq!(
        now,
        before + SECOND,
        "a clock that is right again is believed"
    );
    follower.caught_up().await;
    bench.advance(bench.policy.idle() - 2 * SECOND).await;
    assert!(bench.is_live(&session).await);
    bench.advance(SECOND).await;
    assert!(!bench.is_live(&session).await);
}
