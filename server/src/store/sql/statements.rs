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
    /// 5 the reason.
    pub end: &'static str,
    /// 4 the key that stays, 5 the reason, 6 the account.
    pub end_others: &'static str,
    /// 4 the account.
    pub list: &'static str,
    /// 4 the reason where the idle timeout ended it, 5 where the absolute timeout did.
    pub sweep: &'static str,
    /// 4 how long tombstones are kept.
    pub forget: &'static str,
    pub data: &'static str,
    /// 5 the data.
    pub set_data: &'static str,
}

macro_rules! live {
    () => {
        "ended_at is null and last_active_at + $2 > clock.now and authenticated_at + $3 > clock.now"
    };
}

macro_rules! timed_out {
    () => {
        "ended_at is null \
         and (last_active_at <= clock.now - $2 or authenticated_at <= clock.now - $3)"
    };
}

macro_rules! columns {
    () => {
        "key, account, generation, authenticated_at, last_active_at, address, browser, end_reason"
    };
}

macro_rules! wiped {
    () => {
        "data = '{}', address = '', browser = ''"
    };
}

macro_rules! statements {
    (
        clock: $clock:literal,
        held: $held:literal,
        in_order: $in_order:literal,
        now: $now:literal,
    ) => {
        Statements {
            now: concat!("select now from ", $clock),
            create: concat!(
                "insert into sessions (key, account, generation, authenticated_at, \
                 last_active_at, address, browser, data) \
                 select $4, $5, $6, clock.now, clock.now, $7, $8, $9 from ",
                $clock,
                " returning authenticated_at"
            ),
            find: concat!(
                "select clock.now as now, ",
                columns!(),
                " from sessions, ",
                $clock,
                " where key = $4"
            ),
            touch: concat!(
                "update sessions set last_active_at = case \
                 when last_active_at >= $5 or last_active_at >= clock.now then last_active_at \
                 when $5 > clock.now then clock.now \
                 else $5 end from ",
                $held,
                " where key = $4 and ",
                live!(),
                " returning ",
                $now,
                " as now, ",
                columns!()
            ),
            end: concat!(
                "update sessions set ended_at = clock.now, end_reason = $5, ",
                wiped!(),
                " from ",
                $held,
                " where key = $4 and ",
                live!()
            ),
            end_others: concat!(
                "update sessions set ended_at = clock.now, end_reason = $5, ",
                wiped!(),
                " from ",
                $clock,
                " where key in (select key from sessions \
                 where account = $6 and key <> $4 and ended_at is null",
                $in_order,
                ") and ",
                live!()
            ),
            list: concat!(
                "select clock.now as now, ",
                columns!(),
                " from sessions, ",
                $clock,
                " where account = $4 and ",
                live!(),
                " order by last_active_at desc, key"
            ),
            sweep: concat!(
                "update sessions set \
                 ended_at = case when last_active_at + $2 < authenticated_at + $3 \
                 then last_active_at + $2 else authenticated_at + $3 end, \
                 end_reason = case when last_active_at + $2 < authenticated_at + $3 \
                 then $4 else $5 end, ",
                wiped!(),
                " from ",
                $clock,
                " where key in (select key from sessions, ",
                $clock,
                " where ",
                timed_out!(),
                $in_order,
                ") and ",
                timed_out!(),
                " returning key, account, ended_at, end_reason"
            ),
            forget: concat!(
                "delete from sessions where key in (select key from sessions, ",
                $clock,
                " where ended_at < clock.now - $4",
                $in_order,
                ")"
            ),
            data: concat!(
                "select data, case when last_active_at + $2 < authenticated_at + $3 \
                 then last_active_at + $2 else authenticated_at + $3 end \
                 from sessions, ",
                $clock,
                " where key = $4 and ",
                live!()
            ),
            set_data: concat!(
                "update sessions set data = $5 from ",
                $held,
                " where key = $4 and ",
                live!()
            ),
        }
    };
}

/// SQLite is told the time. Whoever writes has the whole database to himself.
pub(super) static SQLITE: Statements = statements! {
    clock: "(select $1 as now) as clock",
    held: "(select $1 as now) as clock",
    in_order: "",
    now: "$1",
};

/// PostgreSQL tells the time itself: where a row is to be changed, after any wait for it.
/// Rows are locked in one order, so that no two statements wait for each other.
pub(super) static POSTGRES: Statements = statements! {
    clock: "(select dwell_now() as now) as clock",
    held: "(select dwell_now() as now from \
            (select 1 from sessions where key = $4 for update) as held) as clock",
    in_order: " order by key for update of sessions",
    now: "clock.now",
};
