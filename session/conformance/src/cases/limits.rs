//! Each session has timeouts, a beginning and a person of its own.

use std::{collections::HashMap, time::Duration};

use dwell::{
    EndReason, Lifetime, PersonId,
    store::{NewSession, SessionLimits},
};

use crate::{Bench, LookupExt as _, new_session, sweep};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

impl Bench {
    async fn session_with(&self, idle: Duration, absolute: Duration) -> NewSession {
        let mut session = new_session(&self.person());
        session.limits = SessionLimits { idle, absolute };
        self.store.create(session.clone()).await.unwrap();
        session
    }

    async fn limits(&self, session: &NewSession) -> SessionLimits {
        self.find(session.key).await.found().limits
    }
}

pub(crate) async fn each_session_ends_by_its_own_limits(bench: &Bench) {
    let idle = bench.session_with(10 * SECOND, 100 * SECOND).await;
    let absolute = bench.session_with(20 * SECOND, 15 * SECOND).await;
    let long = bench.session_with(1_000 * SECOND, 2_000 * SECOND).await;
    assert_eq!(bench.limits(&idle).await, idle.limits);
    let deadline = async |session: &NewSession| {
        let (_, deadline) = bench.store.data(session.key).await.unwrap().unwrap();
        deadline.since(bench.now())
    };
    assert_eq!(deadline(&idle).await, 10 * SECOND);
    assert_eq!(deadline(&absolute).await, 15 * SECOND);
    assert_eq!(deadline(&long).await, 1_000 * SECOND);

    bench.advance(10 * SECOND - MS).await;
    let keys = [idle.key, absolute.key, long.key];
    assert!(bench.is_live(&idle).await);
    let mut live = bench.store.live_among(&keys).await.unwrap();
    live.sort();
    let mut all = keys;
    all.sort();
    assert_eq!(live, all);

    bench.advance(MS).await;
    assert!(!bench.is_live(&idle).await);
    assert!(bench.is_live(&absolute).await);
    let touches = keys.map(|key| (key, bench.now()));
    let touched: HashMap<_, _> = bench
        .store
        .touch_all(&touches)
        .await
        .unwrap()
        .into_iter()
        .collect();
    let expected = [(absolute.key, bench.now()), (long.key, bench.now())];
    assert_eq!(touched, expected.into());

    bench.advance(5 * SECOND).await;
    assert!(!bench.is_live(&absolute).await);
    assert!(bench.is_live(&long).await);
    let live = bench.elsewhere.live_among(&keys).await.unwrap();
    assert_eq!(live, [long.key]);
    assert!(!bench.end(absolute.key, EndReason::SignedOut).await);
    let expired = bench.store.expire(absolute.key).await.unwrap().unwrap();
    assert_eq!(expired.reason, EndReason::AbsoluteTimeout);
    assert_eq!(expired.ended_at, bench.now());
}

pub(crate) async fn a_sweep_goes_by_the_limits_of_each_session(bench: &Bench) {
    let began_at = bench.now();
    let mut expected = Vec::new();
    for (idle, absolute) in [(10, 100), (30, 20), (40, 40), (50, 5_000)] {
        let session = bench.session_with(idle * SECOND, absolute * SECOND).await;
        let reason = match idle < absolute {
            true => EndReason::IdleTimeout,
            false => EndReason::AbsoluteTimeout,
        };
        let ended_at = began_at + idle.min(absolute) * SECOND;
        expected.push((session.key, session.person, reason, ended_at));
    }
    let staying = bench.session_with(5_000 * SECOND, 6_000 * SECOND).await;
    bench.advance(20 * SECOND - MS).await;
    let swept = sweep(&bench.store).await;
    assert_eq!(swept.len(), 1);
    bench.advance(100 * SECOND).await;
    let swept = [swept, sweep(&bench.elsewhere).await].concat();
    let mut swept: Vec<_> = swept
        .into_iter()
        .map(|expired| {
            (
                expired.key,
                expired.person,
                expired.reason,
                expired.ended_at,
            )
        })
        .collect();
    swept.sort_by_key(|(.., ended_at)| *ended_at);
    assert_eq!(swept, expected);
    assert!(bench.is_live(&staying).await);
}

pub(crate) async fn limits_are_shortened_and_never_prolonged(bench: &Bench) {
    let short = bench.session_with(10 * SECOND, 100 * SECOND).await;
    let long = bench.session_with(50 * SECOND, 500 * SECOND).await;
    let mixed = bench.session_with(50 * SECOND, 90 * SECOND).await;
    let limits = SessionLimits {
        idle: 20 * SECOND,
        absolute: 200 * SECOND,
    };
    assert_eq!(bench.store.tighten(limits, 10).await.unwrap(), 2);
    assert_eq!(bench.elsewhere.tighten(limits, 10).await.unwrap(), 0);
    assert_eq!(bench.limits(&short).await, short.limits);
    assert_eq!(bench.limits(&long).await, limits);
    let both = SessionLimits {
        idle: 20 * SECOND,
        absolute: 90 * SECOND,
    };
    assert_eq!(bench.limits(&mixed).await, both);

    bench.advance(20 * SECOND - MS).await;
    assert!(bench.is_live(&long).await);
    bench.advance(MS).await;
    assert!(!bench.is_live(&long).await);
    let swept = sweep(&bench.store).await;
    assert_eq!(swept.len(), 3);
    let told = swept.iter().find(|expired| expired.key == long.key);
    assert_eq!(told.unwrap().ended_at, bench.now());
}

pub(crate) async fn what_has_ended_is_not_tightened(bench: &Bench) {
    let ended = bench.session().await;
    bench.end(ended.key, EndReason::SignedOut).await;
    let limits = SessionLimits {
        idle: SECOND,
        absolute: SECOND,
    };
    assert_eq!(bench.store.tighten(limits, 10).await.unwrap(), 0);
    // Shortened to what is over already, it is as if it had always been so.
    let live = bench.session().await;
    let began_at = bench.now();
    bench.advance(2 * SECOND).await;
    assert_eq!(bench.store.tighten(limits, 10).await.unwrap(), 1);
    assert!(!bench.is_live(&live).await);
    let swept = sweep(&bench.store).await;
    assert_eq!(swept.len(), 1);
    assert_eq!(swept[0].ended_at, began_at + SECOND);
    assert_eq!(swept[0].reason, EndReason::AbsoluteTimeout);
}

pub(crate) async fn as_many_as_asked_for_are_tightened_at_a_time(bench: &Bench) {
    let mut sessions = Vec::new();
    for _ in 0..25 {
        sessions.push(bench.session().await);
    }
    let limits = SessionLimits {
        idle: 60 * SECOND,
        absolute: 120 * SECOND,
    };
    for count in [10, 10, 5, 0] {
        assert_eq!(bench.store.tighten(limits, 10).await.unwrap(), count);
    }
    for session in &sessions {
        assert_eq!(bench.limits(session).await, limits);
    }
}

pub(crate) async fn the_absolute_timeout_counts_from_the_authentication(bench: &Bench) {
    let mut session = new_session(&bench.person());
    session.limits = SessionLimits {
        idle: 60 * SECOND,
        absolute: 100 * SECOND,
    };
    session.authenticated_ago = 70 * SECOND;
    let begun = bench.store.create(session.clone()).await.unwrap();
    let now = bench.now();
    assert_eq!(begun, Lifetime::stored(now - 70 * SECOND, now));
    assert_eq!(bench.find(session.key).await.found().lifetime, begun);
    let (_, deadline) = bench.store.data(session.key).await.unwrap().unwrap();
    assert_eq!(deadline, now + 30 * SECOND);

    let mut successor = new_session(&session.person);
    successor.limits = session.limits;
    successor.authenticated_ago = 90 * SECOND;
    let rotated = bench.store.rotate(session.key, successor.clone()).await;
    let expected = Lifetime::stored(now - 90 * SECOND, now);
    assert_eq!(rotated.unwrap(), Some(expected));
    bench.advance(10 * SECOND - MS).await;
    assert!(bench.is_live(&successor).await);
    bench.advance(MS).await;
    assert!(!bench.is_live(&successor).await);
    let swept = sweep(&bench.store).await;
    assert_eq!(swept[0].reason, EndReason::AbsoluteTimeout);
}

pub(crate) async fn a_session_of_long_ago_is_over_at_once(bench: &Bench) {
    for ago in [bench.policy.absolute(), Duration::from_secs(1 << 40)] {
        let mut session = new_session(&bench.person());
        session.authenticated_ago = ago;
        bench.store.create(session.clone()).await.unwrap();
        assert!(!bench.is_live(&session).await);
        let swept = sweep(&bench.store).await;
        assert_eq!(swept.len(), 1);
        assert_eq!(swept[0].reason, EndReason::AbsoluteTimeout);
    }
}

pub(crate) async fn a_rotated_session_has_the_limits_that_it_is_given(bench: &Bench) {
    let old = bench.session_with(10 * SECOND, 100 * SECOND).await;
    let mut new = new_session(&old.person);
    new.limits = SessionLimits {
        idle: 20 * SECOND,
        absolute: 50 * SECOND,
    };
    bench.store.rotate(old.key, new.clone()).await.unwrap();
    assert_eq!(bench.limits(&new).await, new.limits);
    bench.advance(20 * SECOND - MS).await;
    assert!(bench.is_live(&new).await);
    bench.advance(MS).await;
    assert!(!bench.is_live(&new).await);
}

pub(crate) async fn very_long_limits_are_kept_without_overflow(bench: &Bench) {
    let year = Duration::from_secs(366 * 24 * 60 * 60);
    let session = bench.session_with(year, year).await;
    assert_eq!(bench.limits(&session).await, session.limits);
    let forever = bench.session_with(Duration::MAX, Duration::MAX).await;
    assert!(bench.limits(&forever).await.idle > 10 * year);
    bench.advance(year - MS).await;
    assert!(bench.is_live(&session).await);
    bench.advance(MS).await;
    assert!(!bench.is_live(&session).await);
    assert!(bench.is_live(&forever).await);
}

pub(crate) async fn people_have_any_names(bench: &Bench) {
    let people: Vec<PersonId> = [
        "é",
        "e\u{301}",
        "É",
        "'; drop table dwell_sessions; --",
        "\"\\%_*?[]{}",
        "a b",
        " ",
        "A",
        "a",
        "-7",
        "\u{1f98a}\u{202e}",
    ]
    .map(|name| name.parse().unwrap())
    .into_iter()
    .chain([
        "x".repeat(64).parse().unwrap(),
        "é".repeat(32).parse().unwrap(),
        u128::MAX.into(),
    ])
    .collect();
    let mut sessions = Vec::new();
    for person in &people {
        let kept = bench.session_of(person).await;
        let other = bench.session_of(person).await;
        sessions.push((kept, other));
    }
    for (person, (kept, other)) in people.iter().zip(&sessions) {
        assert_eq!(bench.find(kept.key).await.found().person, *person);
        assert_eq!(bench.listed(person).await.len(), 2, "{person:?}");
        let owner = bench.store.owner(kept.generation).await.unwrap();
        assert_eq!(owner.as_ref(), Some(person));
        let ended = bench
            .store
            .end_others(person, kept.key, EndReason::Revoked)
            .await;
        assert_eq!(ended.unwrap(), [other.key], "{person:?}");
        assert_eq!(bench.listed(person).await, [kept.key]);
    }
    bench.advance(bench.policy.idle()).await;
    let mut swept: Vec<_> = sweep(&bench.store)
        .await
        .into_iter()
        .map(|expired| expired.person)
        .collect();
    swept.sort();
    let mut people = people;
    people.sort();
    assert_eq!(swept, people);
}

pub(crate) async fn what_is_not_known_is_not_kept(bench: &Bench) {
    let mut session = new_session(&bench.person());
    session.credential = None;
    session.provider = None;
    session.origin = Default::default();
    session.data = HashMap::new();
    bench.store.create(session.clone()).await.unwrap();
    assert_eq!(bench.personal_data(session.key).await, "");
    let listed = bench.store.list(&session.person).await.unwrap().remove(0);
    assert_eq!(listed.credential, None);

    let mut session = new_session(&bench.person());
    for text in ["", "'\"\\", "\u{1f98a}", "null", "nil"] {
        session.key = new_session(&session.person).key;
        session.generation = new_session(&session.person).generation;
        session.credential = Some(text.to_owned());
        let provider = session.provider.as_mut().unwrap();
        provider.issuer = text.to_owned();
        provider.session = None;
        bench.store.create(session.clone()).await.unwrap();
        let listed = bench.store.list(&session.person).await.unwrap();
        let listed = listed
            .iter()
            .find(|listed| listed.session.key == session.key)
            .unwrap();
        assert_eq!(listed.credential, session.credential);
    }
}
