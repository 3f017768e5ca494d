//! Tests of what only Redis can get wrong.

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
    scripts_are_loaded_again_if_the_server_has_forgotten_them,
    no_key_has_an_expiry_or_is_left_behind
);

async fn scripts_are_loaded_again_if_the_server_has_forgotten_them(bench: &Bench<Redis>) {
    let session = bench.session().await;
    bench.subject.client.script_flush(false).await.unwrap();
    assert!(bench.is_live(&session).await);
    bench.subject.client.script_flush(false).await.unwrap();
    assert!(bench.end(session.key, EndReason::SignedOut).await);
}

/// If a key had an expiry, its session would end without a tombstone.
async fn no_key_has_an_expiry_or_is_left_behind(bench: &Bench<Redis>) {
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
    // These are two sessions, two generations, a person, three indexes, the version of the layout,
    // and the clock of the test.
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
async fn the_operator_is_advised_about_settings_that_revive_or_lose_sessions() {
    let safe = ["--appendonly", "yes", "--appendfsync", "always"];
    assert_eq!(advice_of(&Server::redis(&safe)).await, []);
    let without_persistence = ["--save", "", "--appendonly", "no"];
    assert_eq!(advice_of(&Server::redis(&without_persistence)).await, []);
    let with_snapshots = ["--save", "3600 1"];
    assert_eq!(
        advice_of(&Server::redis(&with_snapshots)).await,
        [Advice::Snapshots]
    );
    let with_eviction = ["--appendonly", "yes", "--maxmemory-policy", "allkeys-lru"];
    let advice = advice_of(&Server::redis(&with_eviction)).await;
    assert_eq!(advice, [Advice::Deferred, Advice::Eviction]);
    let without_config_command = ["--rename-command", "CONFIG", ""];
    assert_eq!(
        advice_of(&Server::redis(&without_config_command)).await,
        [Advice::Hidden]
    );
}

#[tokio::test]
async fn operations_fail_if_the_server_is_gone() {
    let server = Server::redis(&["--save", ""]);
    let url = server.url("redis", "", "0").parse().unwrap();
    let with_short_timeout = Connections {
        timeout: Duration::from_millis(500),
        ..Connections::default()
    };
    let store = RedisStore::connect(&url, with_short_timeout).await.unwrap();
    store.ping().await.unwrap();
    drop(server);
    assert!(store.ping().await.is_err());
    assert!(store.now().await.is_err());
}
