//! Tests of what only PostgreSQL can get wrong, because its statements wait for locks on rows.

use std::{error::Error as _, sync::Arc, time::Duration};

use dwell::{
    EndReason, Instant,
    postgres::Database,
    store::{PostgresStore, SessionKey, Store, TimedOut},
};
use dwell_conformance::{Bench, LookupExt as _, new_session, sweep};
use futures::future::join_all;
use sqlx::Executor as _;

use crate::harness::Postgres;

on_engine!(
    Postgres;
    a_statement_that_waited_for_a_row_uses_the_time_after_the_wait,
    a_statement_that_waited_for_a_change_sees_the_change,
    revocations_and_sweeps_do_not_wait_for_each_other,
    an_operation_is_given_up_after_its_timeout
);

const MS: Duration = Duration::from_millis(1);

/// Runs `change` for the session `key` while another transaction has locked its row and executes
/// `meanwhile`.
async fn while_the_row_is_locked<Answer: Send + 'static>(
    bench: &Bench<Postgres>,
    key: SessionKey,
    change: impl Future<Output = Answer> + Send + 'static,
    meanwhile: Option<&'static str>,
) -> Answer {
    let mut holder = bench.subject.pool.begin().await.unwrap();
    let all = "select from dwell_sessions where ended_at is null for update";
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
        assert!(
            !change.is_finished(),
            "the change did not wait for the lock on the row"
        );
        (is_waiting,) = sqlx::query_as(waits)
            .bind(holder_pid)
            .fetch_one(&bench.subject.pool)
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

/// Each of these changes a session and returns whether the session was live.
const CHANGES: [(&str, Change); 4] = [
    ("touch", |store, key, now| {
        Box::pin(async move {
            let lookup = store.touch(key, now).await.unwrap();
            lookup.is_found() && lookup.found().lifetime.last_active_at() == now
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
            let new = new_session(&session.person);
            store.rotate(key, new).await.unwrap().is_some()
        })
    }),
];

async fn a_statement_that_waited_for_a_row_uses_the_time_after_the_wait(bench: &Bench<Postgres>) {
    for (name, change) in CHANGES {
        let session = bench.session().await;
        bench.advance(bench.policy.idle() - MS).await;
        let change = change(bench.elsewhere.clone(), session.key, bench.now());
        let was_live = while_the_row_is_locked(bench, session.key, change, None).await;
        assert!(!was_live, "{name} was executed at the deadline");
        sweep(&bench.store).await;
        let end_reason = bench.find(session.key).await.end_reason();
        assert_eq!(end_reason, Some(EndReason::IdleTimeout), "{name}");
    }
}

async fn a_statement_that_waited_for_a_change_sees_the_change(bench: &Bench<Postgres>) {
    let ended =
        "update dwell_sessions set ended_at = 1, end_reason = 'revoked' where ended_at is null";
    for (name, change) in CHANGES {
        let session = bench.session().await;
        bench.advance(MS).await;
        let change = change(bench.elsewhere.clone(), session.key, bench.now());
        let was_live = while_the_row_is_locked(bench, session.key, change, Some(ended)).await;
        assert!(!was_live, "{name} revived the session");
        let end_reason = bench.find(session.key).await.end_reason();
        assert_eq!(end_reason, Some(EndReason::Revoked), "{name}");
    }
    // The other transaction touches the session, so the change must use the new deadline.
    let touched = "update dwell_sessions set last_active_at = (select last_value from clock_of_the_test) \
                   where ended_at is null";
    for (name, change) in CHANGES.into_iter().filter(|(name, _)| *name != "touch") {
        let session = bench.session().await;
        bench.advance(bench.policy.idle() - MS).await;
        let change = change(bench.elsewhere.clone(), session.key, bench.now());
        let was_live = while_the_row_is_locked(bench, session.key, change, Some(touched)).await;
        assert!(
            was_live,
            "{name} found the session ended before its deadline"
        );
    }
}

async fn revocations_and_sweeps_do_not_wait_for_each_other(bench: &Bench<Postgres>) {
    let person = bench.person();
    for _ in 0..20 {
        join_all((0..40).map(|_| bench.session_of(&person))).await;
        let keep = new_session(&person).key;
        bench.advance(bench.policy.idle()).await;
        let alive = join_all((0..40).map(|_| bench.session_of(&person))).await;
        let revoke = |store: &Arc<dyn Store>| {
            let (store, person) = (store.clone(), person.clone());
            async move { store.end_others(&person, keep, EndReason::Revoked).await }
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

async fn an_operation_is_given_up_after_its_timeout(bench: &Bench<Postgres>) {
    let session = bench.session().await;
    let limit = Duration::from_millis(100);
    let options = bench.subject.url.parse().unwrap();
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap();
    let [with_short_timeout, with_long_timeout] = [limit, Duration::from_secs(30)].map(|timeout| {
        let database = Database::from(pool.clone()).with_timeout(timeout);
        PostgresStore::new(database)
    });
    let mut holder = bench.subject.pool.begin().await.unwrap();
    let all = "select from dwell_sessions for update";
    holder.execute(all).await.unwrap();
    let error = with_short_timeout
        .end(session.key, EndReason::SignedOut)
        .await;
    let error = error.unwrap_err();
    let cause = error.source().unwrap().downcast_ref::<TimedOut>();
    assert_eq!(cause, Some(&TimedOut(limit)));
    // The pool may have only one connection. The one that still waits must have been closed.
    assert!(
        with_long_timeout
            .find(session.key)
            .await
            .unwrap()
            .is_found()
    );
    holder.rollback().await.unwrap();
}
