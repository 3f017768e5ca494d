//! What an operator changes with the tools of the engine.

use std::time::Duration;

use dwell::{EndReason, Lifetime};

use crate::{Bench, ByHand, Deed, Follower, LookupExt as _, follower::eventually, sweep};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// An operator's tools report nothing. A store for one process finds out that somebody has written,
/// and a shared one looks after the sessions that are served.
pub(crate) async fn what_is_ended_or_deleted_by_hand_is_told(bench: &Bench<dyn ByHand>) {
    let (follower, _following) = Follower::start(bench.store.clone());
    let is_shared = bench.store.clock().is_none();
    for deed in [Deed::End, Deed::Delete, Deed::DeleteAll] {
        let [served, staying] = [bench.session().await.key, bench.session().await.key];
        follower.serve(&[served, staying]);
        follower.caught_up().await;
        let begun = follower.begun();
        bench.subject.by_hand(deed, served).await;
        let what = format!("the listener learns of {deed:?}");
        eventually(&what, || {
            follower.serve(&[served, staying]);
            match is_shared {
                true => follower.heard_end_of(served),
                false => follower.begun() > begun,
            }
        })
        .await;
        let is_gone = matches!(deed, Deed::DeleteAll);
        assert!(is_gone || !follower.heard_end_of(staying), "{deed:?}");
    }
    // What is left of them does not stop the sweep.
    let overdue = bench.session().await.key;
    bench.advance(bench.policy.absolute()).await;
    let swept = sweep(&bench.store).await;
    assert!(swept.iter().any(|swept| swept.key == overdue));
}

/// An operator may write any instant as that of the end.
pub(crate) async fn what_was_ended_by_hand_is_remembered(bench: &Bench<dyn ByHand>) {
    let session = bench.session().await;
    bench.subject.by_hand(Deed::End, session.key).await;
    bench.advance(MS).await;
    sweep(&bench.store).await;
    let told = bench.find(session.key).await.end_reason();
    assert_eq!(told, Some(EndReason::Revoked));
}

// A1, A2
pub(crate) async fn what_is_later_than_now_counts_as_now(bench: &Bench<dyn ByHand>) {
    let [touched, left_alone] = [bench.session().await, bench.session().await];
    for session in [&touched, &left_alone] {
        bench.subject.by_hand(Deed::Postpone, session.key).await;
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
