//! What only PostgreSQL can get wrong: it lets statements wait for rows.

use std::{sync::Arc, time::Duration};

use dwell_server::{
    connections::Connections,
    database::{self, DatabaseUrl, Finding},
    store::{SessionKey, Store},
};
use dwell_session::{EndReason, Instant};
use futures::future::join_all;
use sqlx::Executor as _;

use crate::harness::{Bench, Sightings as _, new_session, sweep};

on_engine!(
    postgres,
    Postgres,
    a_statement_that_waited_for_a_row_takes_the_time_after_the_wait,
    a_statement_that_waited_for_a_change_sees_it,
    revocations_and_sweeps_do_not_wait_for_each_other,
    a_check_looks_at_the_schema_and_the_sessions
);

const MS: Duration = Duration::from_millis(1);

/// Runs what changes `key` while somebody holds its row and does `meanwhile`.
async fn waiting<Answer: Send + 'static>(
    bench: &Bench,
    key: SessionKey,
    change: impl Future<Output = Answer> + Send + 'static,
    meanwhile: Option<&'static str>,
) -> Answer {
    let mut holder = bench.pool.begin().await.unwrap();
    let all = "select from sessions where ended_at is null for update";
    holder.execute(all).await.unwrap();
    let (holder_pid,): (i32,) = sqlx::query_as("select pg_backend_pid()")
        .fetch_one(&mut *holder)
        .await
        .unwrap();
    let before = bench.find(key).await.now;
    let change = tokio::spawn(change);
    let waits =
        "select exists (select from pg_stat_activity where $1 = any(pg_blocking_pids(pid)))";
    let mut is_waiting = false;
    while !is_waiting {
        assert!(!change.is_finished(), "it did not wait for the row");
        (is_waiting,) = sqlx::query_as(waits)
            .bind(holder_pid)
            .fetch_one(&bench.pool)
            .await
            .unwrap();
    }
    if let Some(statement) = meanwhile {
        holder.execute(statement).await.unwrap();
    }
    bench.advance(MS).await;
    assert_eq!(bench.find(key).await.now, before + MS);
    holder.commit().await.unwrap();
    change.await.unwrap()
}

type Change = fn(Arc<dyn Store>, SessionKey, Instant) -> futures::future::BoxFuture<'static, bool>;

/// Each tells whether the session was live.
const CHANGES: [(&str, Change); 4] = [
    ("touch", |store, key, now| {
        Box::pin(async move {
            let sighting = store.touch(key, now).await.unwrap();
            sighting.is_found() && sighting.found().lifetime.last_active_at() == now
        })
    }),
    ("end", |store, key, _| {
        Box::pin(async move { store.end(key, EndReason::SignedOut).await.unwrap() })
    }),
    ("set_data", |store, key, _| {
        Box::pin(async move { store.set_data(key, &Default::default()).await.unwrap() })
    }),
    ("rotate", |store, key, _| {
        Box::pin(async move {
            let session = store.find(key).await.unwrap().found();
            let new = new_session(session.account);
            store.rotate(key, new).await.unwrap().is_some()
        })
    }),
];

async fn a_statement_that_waited_for_a_row_takes_the_time_after_the_wait(bench: &Bench) {
    for (name, change) in CHANGES {
        let session = bench.session().await;
        bench.advance(bench.policy.idle() - MS).await;
        let change = change(bench.elsewhere.clone(), session.key, bench.now());
        let was_live = waiting(bench, session.key, change, None).await;
        assert!(!was_live, "{name} was carried out at the deadline");
        sweep(&bench.store).await;
        let told = bench.find(session.key).await.end_reason();
        assert_eq!(told, Some(EndReason::IdleTimeout), "{name}");
    }
}

async fn a_statement_that_waited_for_a_change_sees_it(bench: &Bench) {
    let ended = "update sessions set ended_at = 1, end_reason = 'revoked' where ended_at is null";
    for (name, change) in CHANGES {
        let session = bench.session().await;
        bench.advance(MS).await;
        let change = change(bench.elsewhere.clone(), session.key, bench.now());
        let was_live = waiting(bench, session.key, change, Some(ended)).await;
        assert!(!was_live, "{name} revived it");
        let told = bench.find(session.key).await.end_reason();
        assert_eq!(told, Some(EndReason::Revoked), "{name}");
    }
    // Somebody's touch moves the deadline: who has waited for it goes by the new one.
    let touched = "update sessions set last_active_at = (select last_value from clock_of_the_test) \
                   where ended_at is null";
    for (name, change) in CHANGES.into_iter().filter(|(name, _)| *name != "touch") {
        let session = bench.session().await;
        bench.advance(bench.policy.idle() - MS).await;
        let change = change(bench.elsewhere.clone(), session.key, bench.now());
        let was_live = waiting(bench, session.key, change, Some(touched)).await;
        assert!(was_live, "{name} ended it before its time");
    }
}

async fn revocations_and_sweeps_do_not_wait_for_each_other(bench: &Bench) {
    let account = bench.account().await;
    for _ in 0..20 {
        join_all((0..40).map(|_| bench.session_of(account))).await;
        let keep = new_session(account).key;
        bench.advance(bench.policy.idle()).await;
        let alive = join_all((0..40).map(|_| bench.session_of(account))).await;
        let revoke = |store: &Arc<dyn Store>| {
            let store = store.clone();
            async move { store.end_others(account, keep, EndReason::Revoked).await }
        };
        let (one, other, swept, swept_elsewhere) = tokio::join!(
            revoke(&bench.store),
            revoke(&bench.elsewhere),
            sweep(&bench.store),
            sweep(&bench.elsewhere),
        );
        assert_eq!(one.unwrap().len() + other.unwrap().len(), alive.len());
        let swept = swept.len() + swept_elsewhere.len();
        assert_eq!(swept, 40);
    }
}

async fn a_check_looks_at_the_schema_and_the_sessions(bench: &Bench) {
    let url: DatabaseUrl = bench.url.parse().unwrap();
    let check = || database::check(&url, Connections::default());
    bench.session().await;
    assert_eq!(check().await.unwrap().wrong, []);
    let spoil = "update sessions set generation = overlay(generation placing ' ' from 7)";
    bench.pool.execute(spoil).await.unwrap();
    assert_eq!(
        check().await.unwrap().wrong,
        [Finding::Unreadable {
            table: "sessions",
            rows: 1
        }]
    );
    let forgotten = "delete from _sqlx_migrations where version = 2";
    bench.pool.execute(forgotten).await.unwrap();
    assert_eq!(check().await.unwrap().wrong, [Finding::Missing(2)]);
}
