//! The SQL statements for SQLite. The time is a parameter, because the process decides it. No other
//! connection can write while one of them writes. The comment on each statement lists its
//! parameters.

pub(super) const PING: &str = "select 1 from dwell_sessions limit 1";

/// 1 the key, 2 the person, 3 the generation, 4 and 5 the times of the authentication and of the
/// last activity, 6 and 7 the limits, 8 the credential, 9 to 11 the issuer, subject and session at
/// the provider, 12 the address, 13 the browser, 14 the data.
pub(super) const CREATE: &str = "
    insert into dwell_sessions (
        key, person, generation, authenticated_at, last_active_at, idle_limit, absolute_limit,
        credential, issuer, subject, provider_session, address, browser, data
    )
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// 1 the key.
pub(super) const FIND: &str = "
    select person, generation, authenticated_at, last_active_at, idle_limit, absolute_limit,
        end_reason
    from dwell_sessions
    where key = ?1";

/// 1 the key, 2 the time of the activity, 3 now.
pub(super) const TOUCH: &str = "
    update dwell_sessions
    set last_active_at = max(last_active_at, min(?2, ?3))
    where key = ?1 and ended_at is null and deadline > ?3
    returning person, generation, authenticated_at, last_active_at, idle_limit, absolute_limit,
        end_reason";

/// 1 a JSON object with the time of the activity for each key in hexadecimal, 2 now.
pub(super) const TOUCH_ALL: &str = "
    update dwell_sessions
    set last_active_at = max(last_active_at, min(touches.at, ?2))
    from (select unhex(key) as key, value as at from json_each(?1)) as touches
    where dwell_sessions.key = touches.key and ended_at is null and deadline > ?2
    returning key, last_active_at";

/// 1 a JSON array of the keys in hexadecimal, 2 now.
pub(super) const LIVE_AMONG: &str = "
    select dwell_sessions.key
    from (select unhex(value) as key from json_each(?1)) as asked
    join dwell_sessions on dwell_sessions.key = asked.key
    where ended_at is null and deadline > ?2";

/// 1 the key, 2 now, 3 the reason.
pub(super) const END: &str = "
    update dwell_sessions
    set ended_at = ?2, end_reason = ?3,
        data = '{}', address = '', browser = '',
        credential = null, issuer = null, subject = null, provider_session = null
    where key = ?1 and ended_at is null and deadline > ?2";

/// 1 the person, 2 the key of the session to keep, 3 now, 4 the reason.
pub(super) const END_OTHERS: &str = "
    update dwell_sessions
    set ended_at = ?3, end_reason = ?4,
        data = '{}', address = '', browser = '',
        credential = null, issuer = null, subject = null, provider_session = null
    where person = ?1 and key <> ?2 and ended_at is null and deadline > ?3
    returning key";

/// 1 the person, 2 now.
pub(super) const LIST: &str = "
    select person, generation, authenticated_at, last_active_at, idle_limit, absolute_limit,
        end_reason, key, address, browser, credential
    from dwell_sessions
    where person = ?1 and ended_at is null and deadline > ?2
    order by last_active_at desc, key";

pub(super) const COUNT: &str = "select count(*) from dwell_sessions where ended_at is null";

/// 1 the generation.
pub(super) const OWNER: &str = "select person from dwell_sessions where generation = ?1";

/// 1 the key, 2 now.
pub(super) const EXPIRE: &str = "
    update dwell_sessions
    set ended_at = deadline,
        end_reason = case
            when last_active_at + idle_limit < authenticated_at + absolute_limit
            then 'idle_timeout' else 'absolute_timeout' end,
        data = '{}', address = '', browser = '',
        credential = null, issuer = null, subject = null, provider_session = null
    where key = ?1 and ended_at is null and deadline <= ?2
    returning key, person, ended_at, end_reason";

/// 1 now, 2 the largest number of sessions.
pub(super) const SWEEP: &str = "
    update dwell_sessions
    set ended_at = deadline,
        end_reason = case
            when last_active_at + idle_limit < authenticated_at + absolute_limit
            then 'idle_timeout' else 'absolute_timeout' end,
        data = '{}', address = '', browser = '',
        credential = null, issuer = null, subject = null, provider_session = null
    where key in (
        select key from dwell_sessions where ended_at is null and deadline <= ?1 limit ?2
    )
    returning key, person, ended_at, end_reason";

/// 1 and 2 the limits, 3 the largest number of sessions.
pub(super) const TIGHTEN: &str = "
    update dwell_sessions
    set idle_limit = min(idle_limit, ?1), absolute_limit = min(absolute_limit, ?2)
    where key in (
        select key from dwell_sessions
        where ended_at is null and (idle_limit > ?1 or absolute_limit > ?2)
        limit ?3
    )";

/// 1 the time before which tombstones are deleted, 2 the largest number of tombstones.
pub(super) const FORGET: &str = "
    delete from dwell_sessions
    where key in (
        select key from dwell_sessions where ended_at < ?1 and last_active_at < ?1 limit ?2
    )";

/// 1 now, 2 the largest number of sessions.
pub(super) const KEEP_TIME: &str = "
    update dwell_sessions
    set last_active_at = min(last_active_at, ?1), authenticated_at = min(authenticated_at, ?1)
    where key in (
        select key from dwell_sessions
        where ended_at is null and max(last_active_at, authenticated_at) > ?1
        limit ?2
    )";

/// Writes down the time while there are sessions, at most once a second. 1 now.
pub(super) const KEEP_MARK: &str = "
    insert into dwell_store_time (single, mark)
    select 1, ?1 where exists (select 1 from dwell_sessions where ended_at is null)
    on conflict (single) do update set mark = excluded.mark where excluded.mark >= mark + 1000";

/// Reads the time that was last written down.
pub(super) const MARK: &str = "select mark from dwell_store_time";

/// 1 the key, 2 now.
pub(super) const DATA: &str = "
    select data, deadline from dwell_sessions
    where key = ?1 and ended_at is null and deadline > ?2";

/// 1 the key, 2 now, 3 the data.
pub(super) const SET_DATA: &str = "
    update dwell_sessions set data = ?3
    where key = ?1 and ended_at is null and deadline > ?2";

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    };

    use sqlx::{
        Connection as _, Executor as _, Sqlite, SqliteConnection, query::Query,
        sqlite::SqliteArguments,
    };

    use super::*;
    use crate::sqlite::MIGRATOR;

    /// The number of steps that SQLite needs for `query` in a database with 2,000 sessions, of
    /// which half have ended, and the number of rows that it returns.
    async fn steps(query: Query<'_, Sqlite, SqliteArguments>) -> (u32, usize) {
        let mut database = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        MIGRATOR.run(&mut database).await.unwrap();
        let sessions = "with recursive numbers (n) as
                (select 0 union all select n + 1 from numbers where n < 1999)
            insert into dwell_sessions (key, person, generation, authenticated_at, last_active_at,
                idle_limit, absolute_limit, address, browser, data, ended_at, end_reason)
            select unhex(printf('%064x', n)), printf('%d', n % 1000), printf('%d', n), 1000, 1000,
                1000, 2000, '', '', '{}', iif(n < 1000, null, 5), iif(n < 1000, null, 'revoked')
            from numbers";
        database.execute(sessions).await.unwrap();
        let steps = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&steps);
        let mut handle = database.lock_handle().await.unwrap();
        handle.set_progress_handler(1, move || {
            counted.fetch_add(1, Relaxed);
            true
        });
        drop(handle);
        let rows = query.fetch_all(&mut database).await.unwrap();
        (steps.load(Relaxed), rows.len())
    }

    async fn steps_of_touching(count: usize) -> u32 {
        let touches: Vec<_> = (0..count).map(|n| format!("\"{n:064x}\":1")).collect();
        let touches = format!("{{{}}}", touches.join(","));
        let query = sqlx::query(TOUCH_ALL).bind(touches).bind(1_500);
        let (steps, touched) = steps(query).await;
        assert_eq!(touched, count);
        steps
    }

    async fn steps_of_asking(count: usize) -> u32 {
        let keys: Vec<_> = (0..count).map(|n| format!("\"{n:064x}\"")).collect();
        let keys = format!("[{}]", keys.join(","));
        let (steps, live) = steps(sqlx::query(LIVE_AMONG).bind(keys).bind(1_500)).await;
        assert_eq!(live, count);
        steps
    }

    // Other operations, such as signing in, wait while this writes.
    #[tokio::test]
    async fn the_work_of_touching_is_proportional_to_the_number_of_touches() {
        let steps = [steps_of_touching(200).await, steps_of_touching(400).await];
        assert!(steps[1] < 3 * steps[0], "{steps:?}");
    }

    // This runs five times a second, however many sessions there are.
    #[tokio::test]
    async fn asking_about_some_sessions_does_not_read_the_others() {
        let steps = [steps_of_asking(1).await, steps_of_asking(10).await];
        assert!(steps[1] < 1_000, "{steps:?}");
    }

    #[tokio::test]
    async fn frequent_statements_do_not_read_all_sessions() {
        for (name, query) in [
            ("sweep", sqlx::query(SWEEP).bind(1_500).bind(500)),
            ("keep_time", sqlx::query(KEEP_TIME).bind(1_500).bind(500)),
            ("forget", sqlx::query(FORGET).bind(1).bind(500)),
            ("list", sqlx::query(LIST).bind("7").bind(1_500)),
            ("owner", sqlx::query(OWNER).bind("7")),
        ] {
            let (steps, _) = steps(query).await;
            assert!(steps < 200, "{name}: {steps}");
        }
    }
}
