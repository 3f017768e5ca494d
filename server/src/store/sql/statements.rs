//! What is said to the databases. Two engines speak one SQL, but for how they tell the time.

/// Every statement of a store.
///
/// Parameters: 1 the process's time, 2 the idle timeout, 3 the absolute timeout, 4 a key, and from
/// 5 on those that are named here.
#[derive(Debug)]
pub(super) struct Statements {
    pub now: &'static str,
    /// 5 the account, 6 the generation, 7 the address, 8 the browser, 9 the data.
    pub create: &'static str,
    pub find: &'static str,
    /// 5 the time of the activity.
    pub touch: &'static str,
    /// 4 a JSON array of the keys, in hexadecimal, each with the time of the activity.
    pub touch_all: &'static str,
    /// 4 a JSON array of the keys, in hexadecimal.
    pub live_among: &'static str,
    /// 5 the reason.
    pub end: &'static str,
    /// 4 the key that stays, 5 the reason, 6 the account.
    pub end_others: &'static str,
    /// 4 the account.
    pub list: &'static str,
    /// 4 the reason where the idle timeout ended it, 5 where the absolute timeout did, 6 the key.
    pub expire: &'static str,
    /// 4 and 5 as for `expire`, 6 how many to sweep.
    pub sweep: &'static str,
    /// 4 how long tombstones are kept, 5 how many to forget.
    pub forget: &'static str,
    /// 4 in how many sessions.
    pub bring_back: &'static str,
    pub data: &'static str,
    /// 5 the data.
    pub set_data: &'static str,
}

macro_rules! live {
    ($row:literal) => {
        concat!(
            $row,
            ".ended_at is null and ",
            $row,
            ".last_active_at + $2 > now and ",
            $row,
            ".authenticated_at + $3 > now"
        )
    };
}

macro_rules! columns {
    () => {
        "sessions.key, sessions.account, sessions.generation, sessions.authenticated_at, \
         sessions.last_active_at, sessions.address, sessions.browser, sessions.end_reason"
    };
}

macro_rules! wiped {
    () => {
        "data = '{}', address = '', browser = ''"
    };
}

/// Moves the last activity of the rows that are held, never back and never ahead of the clock.
macro_rules! moved_to {
    ($at:literal) => {
        concat!(
            "update sessions set last_active_at = case when held.last_active_at >= ",
            $at,
            " or held.last_active_at >= now then held.last_active_at when ",
            $at,
            " > now then now else ",
            $at,
            " end from "
        )
    };
}

/// Ends what time has ended of the rows that are held.
macro_rules! by_time {
    ($($held:literal)+) => {
        concat!(
            "update sessions set \
             ended_at = case when held.last_active_at + $2 < held.authenticated_at + $3 \
             then held.last_active_at + $2 else held.authenticated_at + $3 end, \
             end_reason = case when held.last_active_at + $2 < held.authenticated_at + $3 \
             then $4 else $5 end, ",
            wiped!(),
            " from ",
            $($held,)+
            " where sessions.key = held.key and held.ended_at is null \
             and (held.last_active_at + $2 <= now or held.authenticated_at + $3 <= now) \
             returning sessions.key, sessions.account, sessions.ended_at, sessions.end_reason"
        )
    };
}

/// What is changed goes by `held`: the rows, and the time, when nobody else can change them.
macro_rules! statements {
    (
        clock: $clock:literal,
        time: $time:literal,
        held: $held:literal $as_held:literal,
        in_order: $in_order:literal,
        now: $now:literal,
        touches: $touches:literal,
        keys: $keys:literal,
    ) => {
        Statements {
            now: concat!("select now from ", $clock),
            create: concat!(
                "insert into sessions (key, account, generation, authenticated_at, \
                 last_active_at, address, browser, data) \
                 select $4, $5, $6, now, now, $7, $8, $9 from ",
                $clock,
                " returning authenticated_at"
            ),
            find: concat!(
                "select now, ",
                columns!(),
                " from sessions, ",
                $clock,
                " where key = $4"
            ),
            touch: concat!(
                moved_to!("$5"),
                $held,
                "where key = $4",
                $as_held,
                " where sessions.key = held.key and ",
                live!("held"),
                " returning ",
                $now,
                " as now, ",
                columns!()
            ),
            touch_all: concat!(
                moved_to!("held.at"),
                $held,
                "join (",
                $touches,
                ") as touches using (key)",
                $as_held,
                " where sessions.key = held.key and ",
                live!("held"),
                " returning sessions.key, sessions.last_active_at"
            ),
            live_among: concat!(
                "select sessions.key from (",
                $keys,
                ") as asked join sessions using (key), ",
                $clock,
                " where ",
                live!("sessions")
            ),
            end: concat!(
                "update sessions set ended_at = now, end_reason = $5, ",
                wiped!(),
                " from ",
                $held,
                "where key = $4",
                $as_held,
                " where sessions.key = held.key and ",
                live!("held")
            ),
            end_others: concat!(
                "update sessions set ended_at = now, end_reason = $5, ",
                wiped!(),
                " from ",
                $held,
                "where account = $6 and key <> $4 and ended_at is null",
                $as_held,
                " where sessions.key = held.key and ",
                live!("held"),
                " returning sessions.key"
            ),
            list: concat!(
                "select now, ",
                columns!(),
                " from sessions, ",
                $clock,
                " where account = $4 and ",
                live!("sessions"),
                " order by last_active_at desc, key"
            ),
            expire: by_time!($held "where key = $6" $as_held),
            sweep: by_time!(
                $held
                "where key in (select key from sessions \
                 where (ended_at is null and last_active_at <= "
                $time
                " - $2) or (ended_at is null and authenticated_at <= "
                $time
                " - $3) limit $6)"
                $as_held
            ),
            forget: concat!(
                "delete from sessions where key in (select key from sessions where ended_at < ",
                $time,
                " - $4 and last_active_at < ",
                $time,
                " - $4",
                $in_order,
                " limit $5)"
            ),
            bring_back: concat!(
                "update sessions set \
                 last_active_at = case when held.last_active_at > now then now \
                 else held.last_active_at end, \
                 authenticated_at = case when held.authenticated_at > now then now \
                 else held.authenticated_at end from ",
                $held,
                "where key in (select key from sessions \
                 where (ended_at is null and last_active_at > ",
                $time,
                ") or (ended_at is null and authenticated_at > ",
                $time,
                ") limit $4)",
                $as_held,
                " where sessions.key = held.key"
            ),
            data: concat!(
                "select data, case when last_active_at + $2 < authenticated_at + $3 \
                 then last_active_at + $2 else authenticated_at + $3 end \
                 from sessions, ",
                $clock,
                " where key = $4 and ",
                live!("sessions")
            ),
            set_data: concat!(
                "update sessions set data = $5 from ",
                $held,
                "where key = $4",
                $as_held,
                " where sessions.key = held.key and ",
                live!("held")
            ),
        }
    };
}

/// Writes down what time it is while anybody is signed in, once a second at most.
pub(super) const KEEP_MARK: &str = "insert into store_time (single, mark) \
    select 1, $1 where exists (select 1 from sessions where ended_at is null) \
    on conflict (single) do update set mark = excluded.mark where excluded.mark >= mark + 1000";

/// What time it was when that was last done.
pub(super) const MARK: &str = "select mark from store_time";

/// SQLite is told the time. Whoever writes has the whole database to himself.
pub(super) static SQLITE: Statements = statements! {
    clock: "(select $1 as now) as clock",
    time: "$1",
    held: "(select *, $1 as now from sessions " ") as held",
    in_order: "",
    now: "$1",
    touches: "select unhex(json_extract(value, '$[0]')) as key, \
        json_extract(value, '$[1]') as at from json_each($4)",
    keys: "select unhex(value) as key from json_each($4)",
};

/// PostgreSQL tells the time itself: where rows are to be changed, after any wait for them, since a
/// touch that is waited for may have moved the deadline. Rows are locked in one order, so that no
/// two statements wait for each other.
pub(super) static POSTGRES: Statements = statements! {
    clock: "(select dwell_now() as now) as clock",
    time: "(select dwell_now())",
    held: "(select *, dwell_now() as now from (select * from sessions "
        " order by key for update of sessions) as locked) as held",
    in_order: " order by key for update",
    now: "held.now",
    touches: "select decode(touch ->> 0, 'hex') as key, (touch ->> 1)::bigint as at \
        from json_array_elements($4::text::json) as touch",
    keys: "select decode(value, 'hex') as key from json_array_elements_text($4::text::json)",
};

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    };

    use sqlx::{Connection as _, Executor as _, SqliteConnection};

    use super::*;

    /// How many steps SQLite takes to carry out `statement` with `argument`, and how many rows it
    /// answers with.
    async fn steps(statement: &'static str, argument: String) -> (u32, usize) {
        let mut database = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let migrator = sqlx::migrate!("./migrations/sqlite");
        migrator.run(&mut database).await.unwrap();
        let sessions = "insert into accounts values (1, '', '', 0);
            with recursive numbers (n) as
                (select 0 union all select n + 1 from numbers where n < 1000)
            insert into sessions
            select unhex(printf('%064x', n)), 1, printf('%d', n), 0, 0, '', '', '{}', null, null
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
        let rows = sqlx::query(statement)
            .bind(1_i64)
            .bind(1_000_i64)
            .bind(1_000_i64)
            .bind(argument)
            .fetch_all(&mut database)
            .await
            .unwrap();
        (steps.load(Relaxed), rows.len())
    }

    async fn steps_of_touching(count: usize) -> u32 {
        let touches: Vec<_> = (0..count).map(|n| (format!("{n:064x}"), 1)).collect();
        let touches = serde_json::to_string(&touches).unwrap();
        let (steps, touched) = steps(SQLITE.touch_all, touches).await;
        assert_eq!(touched, count);
        steps
    }

    async fn steps_of_asking(count: usize) -> u32 {
        let keys: Vec<_> = (0..count).map(|n| format!("{n:064x}")).collect();
        let keys = serde_json::to_string(&keys).unwrap();
        let (steps, live) = steps(SQLITE.live_among, keys).await;
        assert_eq!(live, count);
        steps
    }

    // Whoever writes has the whole database to himself, so a sign-in waits for this.
    #[tokio::test]
    async fn twice_the_touches_take_twice_the_work() {
        let steps = [steps_of_touching(200).await, steps_of_touching(400).await];
        assert!(steps[1] < 3 * steps[0], "{steps:?}");
    }

    // However many sessions there are: this is asked at every beat.
    #[tokio::test]
    async fn asking_about_some_sessions_takes_no_look_at_the_others() {
        let steps = [steps_of_asking(1).await, steps_of_asking(10).await];
        assert!(steps[1] < 1_000, "{steps:?}");
    }
}
