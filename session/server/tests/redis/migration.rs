//! Tests of the migration from the older version of the layout.

use std::{collections::HashSet, time::Duration};

use dwell::{
    EndReason, PersonId,
    store::{NewSession, Origin, RedisError, RedisStore, SessionLimits, Store as _},
};
use dwell_session::Lifetime;

use crate::bench::{
    Bench, HOUR, LIMITS, MS, SECOND, TIME, found, is_unknown, new_session, tombstone,
};

const YEAR: SessionLimits = SessionLimits {
    idle: Duration::from_secs(366 * 24 * 3_600),
    absolute: Duration::from_secs(366 * 24 * 3_600),
};

const RETENTION: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Runs a script of the older version on `session`. `layout_1` has these scripts unchanged.
async fn run_old_script(bench: &Bench, script: &str, session: &NewSession, rest: &[&str]) {
    let prelude = include_str!("layout_1/prelude.lua");
    let script = [TIME, prelude, script].join("\n");
    let limits = [LIMITS.idle, LIMITS.absolute].map(|limit| limit.as_millis().to_string());
    let arguments = limits.into_iter().chain([session.key.to_hex()]);
    let rest = rest.iter().map(|argument| (*argument).to_owned());
    bench.run::<()>(&script, arguments.chain(rest)).await;
}

async fn create_old_session(bench: &Bench, person: i64) -> NewSession {
    let session = new_session(person, LIMITS);
    let generation = session.generation.to_string();
    let account = person.to_string();
    let data = serde_json::to_string(&session.data).unwrap();
    let Origin { address, browser } = &session.origin;
    let rest = [&account, &generation, address, browser, &data].map(String::as_str);
    run_old_script(bench, include_str!("layout_1/create.lua"), &session, &rest).await;
    session
}

/// Ends `session` by hand, as an operator did, and removes it from the indexes, as the sweep of the
/// older version did.
async fn end_by_hand(bench: &Bench, session: &NewSession) {
    let script = "redis.call('HSET', '{dwell}:session:' .. ARGV[1],
            'ended_at', 1, 'end_reason', 'revoked')
        redis.call('ZREM', '{dwell}:by_activity', ARGV[1])
        redis.call('ZREM', '{dwell}:by_authentication', ARGV[1])";
    bench.run::<()>(script, [session.key.to_hex()]).await;
}

async fn delete_by_hand(bench: &Bench, session: &NewSession) {
    let script = "redis.call('DEL', '{dwell}:session:' .. ARGV[1])";
    bench.run::<()>(script, [session.key.to_hex()]).await;
}

async fn migrate_and_connect(bench: &Bench) -> RedisStore {
    bench.builder().migrate().await.unwrap();
    bench.connect().await.unwrap()
}

#[tokio::test]
async fn older_sessions_are_neither_used_nor_migrated_without_a_call() {
    let bench = Bench::new().await;
    create_old_session(&bench, 7).await;
    let before: HashSet<String> = bench.keys("*").await.into_iter().collect();
    for _ in 0..2 {
        let refused = bench.connect().await.unwrap_err();
        assert!(matches!(refused, RedisError::OlderSchema { .. }));
        assert!(
            refused.to_string().contains("RedisStore::migrate"),
            "{refused}"
        );
    }
    assert_eq!(
        bench.keys("*").await.into_iter().collect::<HashSet<_>>(),
        before
    );
    // Another store on the same server is not affected.
    bench.builder().prefix("other").connect().await.unwrap();
}

#[tokio::test]
async fn an_empty_server_needs_no_migration() {
    let bench = Bench::new().await;
    let store = bench.connect().await.unwrap();
    let version: i64 = bench
        .run("return tonumber(redis.call('GET', '{dwell}:schema'))", [])
        .await;
    assert_eq!(version, 2);
    assert_eq!(bench.builder().migrate().await.unwrap(), 0);
    store.ping().await.unwrap();
}

#[tokio::test]
async fn sessions_continue_and_ended_ones_stay_ended() {
    let bench = Bench::new().await;
    let began_at = bench.now().await;
    let first = create_old_session(&bench, 7).await;
    let over = create_old_session(&bench, 8).await;
    let ended = create_old_session(&bench, 7).await;
    let by_hand = create_old_session(&bench, 7).await;
    let deleted = create_old_session(&bench, 7).await;
    bench.advance(SECOND).await;
    let second = create_old_session(&bench, 7).await;
    let signed_out = ["signed_out"];
    run_old_script(
        &bench,
        include_str!("layout_1/end.lua"),
        &ended,
        &signed_out,
    )
    .await;
    end_by_hand(&bench, &by_hand).await;
    delete_by_hand(&bench, &deleted).await;
    bench.advance(HOUR - SECOND - MS).await;
    let at = bench.now().await.as_millis().to_string();
    run_old_script(&bench, include_str!("layout_1/touch.lua"), &first, &[&at]).await;
    let touched_at = bench.now().await;

    bench.advance(SECOND + MS).await;
    let store = migrate_and_connect(&bench).await;

    let session = found(&store, first.key).await;
    assert_eq!(session.person, PersonId::from(7_i64));
    assert_eq!(session.generation, first.generation);
    assert_eq!(session.lifetime, Lifetime::stored(began_at, touched_at));
    assert_eq!(session.limits, YEAR);
    let (data, _) = store.data(first.key).await.unwrap().unwrap();
    assert_eq!(data, first.data);
    let listed = store.list(&first.person).await.unwrap();
    let keys: Vec<_> = listed.iter().map(|listed| listed.session.key).collect();
    assert_eq!(keys, [first.key, second.key]);
    assert_eq!(listed[0].origin, first.origin);
    assert_eq!(listed[0].credential, None);
    assert_eq!(store.count().await.unwrap(), 3);
    for (session, reason) in [
        (&ended, EndReason::SignedOut),
        (&by_hand, EndReason::Revoked),
    ] {
        let left = tombstone(&store, session.key).await;
        assert_eq!((left.person, left.reason), (session.person.clone(), reason));
        assert_eq!(left.generation, session.generation);
    }
    for session in [&first, &over, &ended, &by_hand] {
        let owner = store.owner(session.generation).await.unwrap();
        assert_eq!(owner.as_ref(), Some(&session.person));
    }
    assert!(is_unknown(&store.find(deleted.key).await.unwrap()));

    assert_eq!(store.tighten(LIMITS, 10).await.unwrap(), 3);
    let swept = store.sweep(10).await.unwrap().ended;
    let swept: HashSet<_> = swept
        .iter()
        .map(|swept| (swept.key, swept.ended_at))
        .collect();
    let second_began_at = began_at + SECOND;
    let expected = [
        (over.key, began_at + HOUR),
        (second.key, second_began_at + HOUR),
    ];
    assert_eq!(swept, expected.into());
    assert!(store.data(first.key).await.unwrap().is_some());

    // Nothing of the older layout is left, and no tombstone is kept for ever.
    bench.advance(RETENTION - HOUR + MS).await;
    assert_eq!(
        store.forget(10).await.unwrap(),
        1,
        "only the session that had ended first is deleted"
    );
    assert!(is_unknown(&store.find(ended.key).await.unwrap()));
    store.sweep(10).await.unwrap();
    bench.advance(RETENTION + MS).await;
    assert_eq!(store.forget(10).await.unwrap(), 4);
    let mut left = bench.keys("*").await;
    left.sort();
    let generation_of_the_deleted = format!("{{dwell}}:generation:{}", deleted.generation);
    let mut expected = [
        "{dwell}:clock_of_the_test",
        "{dwell}:schema",
        &generation_of_the_deleted,
    ];
    expected.sort();
    assert_eq!(left, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_nodes_migrate_each_session_once() {
    const MANY: i64 = 1_201;
    let bench = Bench::new().await;
    let mut sessions = Vec::new();
    for person in 0..MANY {
        sessions.push(create_old_session(&bench, person % 10).await);
    }
    let migrate = || bench.builder().migrate();
    let counts = tokio::join!(migrate(), migrate(), migrate());
    let counts = [counts.0, counts.1, counts.2].map(Result::unwrap);
    assert_eq!(counts.iter().sum::<u64>(), MANY as u64, "{counts:?}");
    assert_eq!(bench.builder().migrate().await.unwrap(), 0);
    let store = bench.connect().await.unwrap();
    assert_eq!(store.count().await.unwrap(), MANY as u64);
    for session in &sessions {
        assert_eq!(found(&store, session.key).await.person, session.person);
    }
}

/// Some sessions had been migrated when the connection was lost.
#[tokio::test]
async fn a_migration_can_be_repeated() {
    let bench = Bench::new().await;
    let one = create_old_session(&bench, 7).await;
    assert_eq!(bench.builder().migrate().await.unwrap(), 1);
    bench
        .run::<()>("redis.call('DEL', '{dwell}:schema')", [])
        .await;
    let other = create_old_session(&bench, 7).await;
    assert!(bench.connect().await.is_err());
    assert_eq!(bench.builder().migrate().await.unwrap(), 1);
    let store = bench.connect().await.unwrap();
    let listed = store.list(&one.person).await.unwrap();
    let listed: HashSet<_> = listed.iter().map(|listed| listed.session.key).collect();
    assert_eq!(listed, [one.key, other.key].into());
}
