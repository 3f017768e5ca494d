//! What time ends is written down, and forgotten in time.

use std::{collections::HashSet, time::Duration};

use dwell::EndReason;

use crate::{Bench, LookupExt as _, new_session, sweep};

pub(crate) async fn one_session_is_ended_at_its_deadline_and_no_other(bench: &Bench) {
    let [overdue, signed_out] = [bench.session().await, bench.session().await];
    let begun_at = bench.now();
    bench.end(signed_out.key, EndReason::SignedOut).await;
    bench.advance(bench.policy.idle() - MS).await;
    let alive = bench.session().await;
    assert!(bench.store.expire(overdue.key).await.unwrap().is_none());
    assert!(bench.is_live(&overdue).await);

    bench.advance(MS).await;
    let another = bench.session().await;
    bench.advance(MS).await;
    for key in [
        alive.key,
        another.key,
        signed_out.key,
        new_session(&alive.person).key,
    ] {
        assert!(bench.store.expire(key).await.unwrap().is_none());
    }
    let swept = bench.elsewhere.expire(overdue.key).await.unwrap().unwrap();
    assert_eq!(
        (swept.key, swept.person),
        (overdue.key, overdue.person.clone())
    );
    assert_eq!(swept.reason, EndReason::IdleTimeout);
    assert_eq!(swept.ended_at, begun_at + bench.policy.idle());
    assert!(bench.store.expire(overdue.key).await.unwrap().is_none());
    for (session, reason) in [
        (&overdue, EndReason::IdleTimeout),
        (&signed_out, EndReason::SignedOut),
    ] {
        let told = bench.find(session.key).await.end_reason();
        assert_eq!(told, Some(reason));
    }
    assert!(sweep(&bench.store).await.is_empty());
    assert!(bench.is_live(&alive).await);
}

pub(crate) async fn a_session_counts_until_its_end_is_written_down(bench: &Bench) {
    assert_eq!(bench.store.count().await.unwrap(), 0);
    let [ended, ..] = [bench.session().await, bench.session().await];
    assert_eq!(bench.elsewhere.count().await.unwrap(), 2);
    bench.end(ended.key, EndReason::SignedOut).await;
    bench.advance(bench.policy.idle()).await;
    assert_eq!(bench.store.count().await.unwrap(), 1, "it is not swept yet");
    sweep(&bench.store).await;
    assert_eq!(bench.store.count().await.unwrap(), 0);
}

pub(crate) async fn no_more_is_swept_at_a_time_than_asked_for(bench: &Bench) {
    let person = bench.person();
    for _ in 0..5 {
        bench.session_of(&person).await;
    }
    bench.advance(bench.policy.idle()).await;
    let mut ended = Vec::new();
    loop {
        let sweep = bench.store.sweep(2).await.unwrap();
        assert!(sweep.ended.len() <= 4, "two for each limit");
        ended.extend(sweep.ended);
        if !sweep.is_more {
            break;
        }
    }
    assert_eq!(ended.len(), 5);
}

const MS: Duration = Duration::from_millis(1);
const RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub(crate) async fn a_sweep_ends_each_session_once_at_its_deadline(bench: &Bench) {
    let first = bench.session().await;
    bench.advance(Duration::from_secs(1)).await;
    let second = bench.session().await;
    let deadline = bench.now() + bench.policy.idle();
    bench.advance(bench.policy.idle() - MS).await;

    let swept = sweep(&bench.store).await;
    assert_eq!(swept.len(), 1);
    assert_eq!(swept[0].key, first.key);
    assert_eq!(swept[0].person, first.person);
    assert_eq!(swept[0].reason, EndReason::IdleTimeout);
    assert_eq!(swept[0].ended_at, deadline - Duration::from_secs(1));
    assert!(bench.is_live(&second).await);

    bench.advance(Duration::from_secs(60)).await;
    let swept = sweep(&bench.elsewhere).await;
    assert_eq!(swept.len(), 1);
    assert_eq!((swept[0].key, swept[0].ended_at), (second.key, deadline));
    assert!(sweep(&bench.store).await.is_empty());
    assert!(bench.listed(&second.person).await.is_empty());
}

pub(crate) async fn a_sweep_tells_the_limits_apart(bench: &Bench) {
    let busy = bench.session().await;
    let authenticated_at = bench.now();
    let step = bench.policy.idle() / 2;
    let absolute = authenticated_at + bench.policy.absolute();
    while bench.now() + step < absolute {
        bench.advance(step).await;
        bench.touch(busy.key, bench.now()).await;
    }
    let idle = bench.session().await;
    bench.advance(bench.policy.absolute()).await;
    let swept = sweep(&bench.store).await;
    let told: HashSet<_> = swept
        .iter()
        .map(|swept| (swept.key, swept.reason, swept.ended_at))
        .collect();
    let begun_at = absolute - step;
    let expected = [
        (busy.key, EndReason::AbsoluteTimeout, absolute),
        (
            idle.key,
            EndReason::IdleTimeout,
            begun_at + bench.policy.idle(),
        ),
    ];
    assert_eq!(told, expected.into());
    for (key, reason, _) in expected {
        assert_eq!(bench.find(key).await.end_reason(), Some(reason));
    }
}

pub(crate) async fn where_both_limits_fall_together_it_is_the_absolute_one(bench: &Bench) {
    let session = bench.session().await;
    let absolute = bench.now() + bench.policy.absolute();
    while absolute.since(bench.now()) > bench.policy.idle() {
        let left = absolute.since(bench.now()) - bench.policy.idle();
        bench.advance(left.min(bench.policy.idle() - MS)).await;
        bench.touch(session.key, bench.now()).await;
    }
    bench.advance(absolute.since(bench.now())).await;
    let swept = sweep(&bench.store).await;
    assert_eq!(swept[0].reason, EndReason::AbsoluteTimeout);
    assert_eq!(swept[0].ended_at, absolute);
}

pub(crate) async fn any_number_is_swept(bench: &Bench) {
    const MANY: usize = 1_201;
    let person = bench.person();
    for _ in 0..MANY {
        bench.session_of(&person).await;
    }
    bench.advance(bench.policy.idle()).await;
    let swept = sweep(&bench.store).await;
    let keys: HashSet<_> = swept.iter().map(|swept| swept.key).collect();
    assert_eq!((swept.len(), keys.len()), (MANY, MANY));

    bench.advance(RETENTION + MS).await;
    assert!(sweep(&bench.store).await.is_empty());
    for key in keys.into_iter().take(20) {
        assert!(bench.find(key).await.is_unknown());
    }
    assert_eq!(bench.sessions_kept().await, 0);
}

pub(crate) async fn a_tombstone_is_forgotten_after_thirty_days_to_the_millisecond(bench: &Bench) {
    let session = bench.session().await;
    bench.end(session.key, EndReason::SignedOut).await;
    bench.advance(RETENTION).await;
    sweep(&bench.store).await;
    let told = bench.find(session.key).await.end_reason();
    assert_eq!(told, Some(EndReason::SignedOut));
    assert!(
        bench
            .store
            .owner(session.generation)
            .await
            .unwrap()
            .is_some()
    );

    bench.advance(MS).await;
    sweep(&bench.store).await;
    assert!(bench.find(session.key).await.is_unknown());
    assert_eq!(bench.store.owner(session.generation).await.unwrap(), None);
    assert!(bench.touch(session.key, bench.now()).await.is_unknown());
    assert!(!bench.is_live(&session).await);
    assert!(bench.listed(&session.person).await.is_empty());
    assert_eq!(bench.sessions_kept().await, 0);
    // As after any end: what nobody remembers may be begun, by signing in.
    let anew = new_session(&session.person);
    bench.store.create(anew.clone()).await.unwrap();
    assert!(bench.is_live(&anew).await);
}
