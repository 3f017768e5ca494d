//! Both limits, to the millisecond, for every operation.

use std::time::Duration;

use dwell::{EndReason, Instant, store::NewSession};

use crate::{Bench, LookupExt as _, new_session, sweep};

const MS: Duration = Duration::from_millis(1);

#[derive(Debug, Clone, Copy)]
enum Limit {
    Idle,
    Absolute,
}

const LIMITS: [(Limit, EndReason); 2] = [
    (Limit::Idle, EndReason::IdleTimeout),
    (Limit::Absolute, EndReason::AbsoluteTimeout),
];

/// Sessions of one person that end together in a millisecond.
async fn about_to_end<const N: usize>(bench: &Bench, limit: Limit) -> [NewSession; N] {
    let person = bench.person();
    let mut sessions = Vec::new();
    for _ in 0..N {
        sessions.push(bench.session_of(&person).await);
    }
    let began_at = bench.now();
    let (idle, absolute) = (bench.policy.idle(), bench.policy.absolute());
    let last = match limit {
        Limit::Idle => began_at + idle - MS,
        Limit::Absolute => began_at + absolute - MS,
    };
    while last.since(bench.now()) >= idle {
        bench.advance(idle - MS).await;
        for session in &sessions {
            assert!(bench.touch(session.key, bench.now()).await.is_found());
        }
    }
    bench.advance(last.since(bench.now())).await;
    assert_eq!(bench.now(), last);
    sessions.try_into().unwrap()
}

pub(crate) async fn a_millisecond_before_a_limit_every_operation_finds_the_session_live(
    bench: &Bench,
) {
    for (limit, _) in LIMITS {
        let [kept, rotated, ended, other] = about_to_end(bench, limit).await;
        for session in [&kept, &rotated, &ended, &other] {
            assert!(bench.is_live(session).await, "{limit:?}");
        }
        let found = bench.find(kept.key).await;
        let (now, lifetime) = (found.now, found.found().lifetime);
        assert_eq!(lifetime.ended(&bench.policy, now), None);
        let new = new_session(&kept.person);
        let begun = bench.store.rotate(rotated.key, new.clone()).await.unwrap();
        assert!(begun.is_some(), "{limit:?}");
        assert!(
            bench.end(ended.key, EndReason::SignedOut).await,
            "{limit:?}"
        );
        bench.end(new.key, EndReason::SignedOut).await;
        let revoked = bench
            .store
            .end_others(&kept.person, kept.key, EndReason::Revoked);
        assert_eq!(revoked.await.unwrap().len(), 1, "{limit:?}");
        assert!(sweep(&bench.store).await.is_empty(), "{limit:?}");
        assert!(
            bench.touch(kept.key, bench.now()).await.is_found(),
            "{limit:?}"
        );
        bench.end(kept.key, EndReason::SignedOut).await;
    }
}

pub(crate) async fn at_a_limit_no_operation_finds_it_live_or_changes_it(bench: &Bench) {
    for (limit, reason) in LIMITS {
        let [session, other] = about_to_end(bench, limit).await;
        let before = bench.find(session.key).await.found().lifetime;
        bench.advance(MS).await;
        assert!(!bench.is_live(&session).await, "{limit:?}");
        assert!(
            !bench.end(session.key, EndReason::SignedOut).await,
            "{limit:?}"
        );
        let new = new_session(&session.person);
        let rotated = bench.store.rotate(session.key, new.clone()).await.unwrap();
        assert_eq!(rotated, None, "{limit:?}");
        assert!(bench.find(new.key).await.is_unknown(), "{limit:?}");
        let revoked = bench
            .store
            .end_others(&session.person, other.key, EndReason::Revoked);
        assert_eq!(revoked.await.unwrap(), [], "{limit:?}");
        let lookup = bench.touch(session.key, bench.now()).await;
        let told = lookup.found().lifetime;
        assert_eq!(told, before, "nothing has moved");
        assert_eq!(told.ended(&bench.policy, bench.now()), Some(reason));

        sweep(&bench.store).await;
        assert_eq!(bench.find(session.key).await.end_reason(), Some(reason));
    }
}

pub(crate) async fn a_touch_in_the_last_millisecond_moves_the_idle_timeout_and_not_the_absolute_one(
    bench: &Bench,
) {
    let [session] = about_to_end(bench, Limit::Idle).await;
    assert!(bench.touch(session.key, bench.now()).await.is_found());
    bench.advance(MS).await;
    assert!(bench.is_live(&session).await);
    bench.advance(bench.policy.idle() - 2 * MS).await;
    assert!(bench.is_live(&session).await);
    bench.advance(MS).await;
    assert!(!bench.is_live(&session).await);

    let [session] = about_to_end(bench, Limit::Absolute).await;
    assert!(bench.touch(session.key, bench.now()).await.is_found());
    bench.advance(MS).await;
    assert!(!bench.is_live(&session).await);
}

pub(crate) async fn an_end_in_the_last_millisecond_has_its_own_reason(bench: &Bench) {
    for (limit, _) in LIMITS {
        let [session] = about_to_end(bench, limit).await;
        assert!(bench.end(session.key, EndReason::SignedOut).await);
        bench.advance(bench.policy.absolute()).await;
        sweep(&bench.store).await;
        let told = bench.find(session.key).await.end_reason();
        assert_eq!(told, Some(EndReason::SignedOut), "{limit:?}");
    }
}

pub(crate) async fn a_touch_at_the_limit_is_too_late_whenever_the_activity_was(bench: &Bench) {
    for (limit, reason) in LIMITS {
        let [session] = about_to_end(bench, limit).await;
        let in_time = bench.now();
        bench.advance(MS).await;
        for at in [
            in_time,
            bench.now(),
            bench.now() + MS,
            Instant::from_millis(0),
        ] {
            bench.touch(session.key, at).await;
            assert!(!bench.is_live(&session).await, "{limit:?} {at}");
        }
        sweep(&bench.store).await;
        assert_eq!(bench.find(session.key).await.end_reason(), Some(reason));
    }
}
