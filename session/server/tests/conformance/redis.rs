//! What only Redis can get wrong.

use std::time::Duration;

use dwell::{
    Connections, EndReason,
    store::{Advice, RedisStore, Store as _},
};
use dwell_conformance::{Bench, LookupExt as _, sweep};
use fred::interfaces::LuaInterface as _;

use crate::harness::{Redis, Server};

on_engine!(
    Redis;
    a_server_that_has_forgotten_the_scripts_is_given_them_again,
    nothing_is_left_behind_and_nothing_has_an_expiry_of_its_own
);

async fn a_server_that_has_forgotten_the_scripts_is_given_them_again(bench: &Bench<Redis>) {
    let session = bench.session().await;
    bench.subject.client.script_flush(false).await.unwrap();
    assert!(bench.is_live(&session).await);
    bench.subject.client.script_flush(false).await.unwrap();
    assert!(bench.end(session.key, EndReason::SignedOut).await);
}

/// A key that expired by itself would be no session at all, and anonymous.
async fn nothing_is_left_behind_and_nothing_has_an_expiry_of_its_own(bench: &Bench<Redis>) {
    let live = bench.session().await;
    let ended = bench.session().await;
    bench.end(ended.key, EndReason::Revoked).await;
    let script = "local count = 0
        for _, key in ipairs(redis.call('KEYS', '*')) do
            assert(string.sub(key, 1, 8) == '{dwell}:', key)
            assert(redis.call('PTTL', key) == -1, key)
            count = count + 1
        end
        return count";
    let count: i64 = bench.subject.client.eval(script, (), ()).await.unwrap();
    // Two sessions, two generations, a person, three indexes, the version of the layout, and the
    // clock of the test.
    assert_eq!(count, 10);
    bench.advance(bench.policy.absolute()).await;
    sweep(&bench.store).await;
    assert!(bench.find(live.key).await.end_reason().is_some());
    assert_eq!(bench.sessions_kept().await, 2);
}

async fn advice_of(server: &Server) -> Vec<Advice> {
    let url = server.url("redis", "", "0").parse().unwrap();
    let store = RedisStore::connect(&url, Connections::default()).await;
    store.unwrap().advice().await
}

#[tokio::test]
async fn the_operator_is_told_what_would_revive_or_lose_sessions() {
    let safe = ["--appendonly", "yes", "--appendfsync", "always"];
    assert_eq!(advice_of(&Server::redis(&safe)).await, []);
    let nothing_kept = ["--save", "", "--appendonly", "no"];
    assert_eq!(advice_of(&Server::redis(&nothing_kept)).await, []);
    let usual = ["--save", "3600 1"];
    assert_eq!(advice_of(&Server::redis(&usual)).await, [Advice::Snapshots]);
    let careless = ["--appendonly", "yes", "--maxmemory-policy", "allkeys-lru"];
    let told = advice_of(&Server::redis(&careless)).await;
    assert_eq!(told, [Advice::Deferred, Advice::Eviction]);
    let reserved = ["--rename-command", "CONFIG", ""];
    assert_eq!(advice_of(&Server::redis(&reserved)).await, [Advice::Hidden]);
}

#[tokio::test]
async fn a_server_that_is_gone_fails_and_does_not_make_anybody_anonymous() {
    let server = Server::redis(&["--save", ""]);
    let url = server.url("redis", "", "0").parse().unwrap();
    let quick = Connections {
        timeout: Duration::from_millis(500),
        ..Connections::default()
    };
    let store = RedisStore::connect(&url, quick).await.unwrap();
    store.ping().await.unwrap();
    drop(server);
    assert!(store.ping().await.is_err());
    assert!(store.now().await.is_err());
}
