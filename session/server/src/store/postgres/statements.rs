//! The SQL statements for PostgreSQL. They use the time of the database server. The comment on each
//! statement lists its parameters.
//!
//! Statements that change several sessions first select their keys with `array`, in the order of an
//! index: PostgreSQL cannot estimate how many sessions are overdue, and would otherwise read all of
//! them.
//!
//! Statements that change rows lock them first, and read the time after any wait for the locks,
//! because a touch that they have waited for may have moved the deadline: `held` contains the rows
//! after the wait, with that time. Rows are locked in the order of their keys, so that two
//! statements never wait for each other.

pub(super) const PING: &str = "select 1 from dwell_sessions limit 1";

pub(super) const NOW: &str = "select dwell_session_now()";

/// 1 the key, 2 the person, 3 the generation, 4 how long ago the person was authenticated, 5 and 6
/// the limits, 7 the credential, 8 to 10 the issuer, subject and session at the provider, 11 the
/// address, 12 the browser, 13 the data. Durations are in milliseconds.
pub(super) const CREATE: &str = "
    insert into dwell_sessions (
        key, person, generation, authenticated_at, last_active_at, idle_limit, absolute_limit,
        credential, issuer, subject, provider_session, address, browser, data
    )
    select $1, $2, $3, now - $4, now, $5, $6, $7, $8, $9, $10, $11, $12, $13
    from (select dwell_session_now() as now) as clock
    returning authenticated_at, last_active_at";

/// 1 the key. Returns a row with the time even if there is no session.
pub(super) const FIND: &str = "
    select person, generation, authenticated_at, last_active_at, idle_limit, absolute_limit,
        end_reason, now
    from (select dwell_session_now() as now) as clock
    left join dwell_sessions on key = $1";

/// 1 the key, 2 the time of the activity.
pub(super) const TOUCH: &str = "
    update dwell_sessions
    set last_active_at = greatest(held.last_active_at, least($2, held.now))
    from (
        select *, dwell_session_now() as now
        from (select * from dwell_sessions where key = $1 for update) as locked
    ) as held
    where dwell_sessions.key = held.key and held.ended_at is null and held.deadline > held.now
    returning dwell_sessions.person, dwell_sessions.generation, dwell_sessions.authenticated_at,
        dwell_sessions.last_active_at, dwell_sessions.idle_limit, dwell_sessions.absolute_limit,
        dwell_sessions.end_reason, held.now";

/// 1 the keys, 2 the time of the activity for each of them.
pub(super) const TOUCH_ALL: &str = "
    update dwell_sessions
    set last_active_at = greatest(held.last_active_at, least(held.at, held.now))
    from (
        select *, dwell_session_now() as now
        from (
            select dwell_sessions.*, touches.at
            from unnest($1::bytea[], $2::bigint[]) as touches (key, at)
            join dwell_sessions on dwell_sessions.key = touches.key
            order by dwell_sessions.key
            for update of dwell_sessions
        ) as locked
    ) as held
    where dwell_sessions.key = held.key and held.ended_at is null and held.deadline > held.now
    returning dwell_sessions.key, dwell_sessions.last_active_at";

/// 1 the keys.
pub(super) const LIVE_AMONG: &str = "
    select dwell_sessions.key
    from unnest($1::bytea[]) as asked (key)
    join dwell_sessions on dwell_sessions.key = asked.key
    cross join (select dwell_session_now() as now) as clock
    where ended_at is null and deadline > now";

/// 1 the key, 2 the reason.
pub(super) const END: &str = "
    update dwell_sessions
    set ended_at = held.now, end_reason = $2,
        data = '{}', address = '', browser = '',
        credential = null, issuer = null, subject = null, provider_session = null
    from (
        select *, dwell_session_now() as now
        from (select * from dwell_sessions where key = $1 for update) as locked
    ) as held
    where dwell_sessions.key = held.key and held.ended_at is null and held.deadline > held.now";

/// 1 the person, 2 the key of the session to keep, 3 the reason.
pub(super) const END_OTHERS: &str = "
    update dwell_sessions
    set ended_at = held.now, end_reason = $3,
        data = '{}', address = '', browser = '',
        credential = null, issuer = null, subject = null, provider_session = null
    from (
        select *, dwell_session_now() as now
        from (
            select * from dwell_sessions
            where person = $1 and key <> $2 and ended_at is null
            order by key
            for update
        ) as locked
    ) as held
    where dwell_sessions.key = held.key and held.ended_at is null and held.deadline > held.now
    returning dwell_sessions.key";

/// 1 the person.
pub(super) const LIST: &str = "
    select person, generation, authenticated_at, last_active_at, idle_limit, absolute_limit,
        end_reason, key, address, browser, credential
    from dwell_sessions
    cross join (select dwell_session_now() as now) as clock
    where person = $1 and ended_at is null and deadline > now
    order by last_active_at desc, key";

pub(super) const COUNT: &str = "select count(*) from dwell_sessions where ended_at is null";

/// 1 the generation.
pub(super) const OWNER: &str = "select person from dwell_sessions where generation = $1";

/// 1 the key.
pub(super) const EXPIRE: &str = "
    update dwell_sessions
    set ended_at = held.deadline,
        end_reason = case
            when held.last_active_at + held.idle_limit
                < held.authenticated_at + held.absolute_limit
            then 'idle_timeout' else 'absolute_timeout' end,
        data = '{}', address = '', browser = '',
        credential = null, issuer = null, subject = null, provider_session = null
    from (
        select *, dwell_session_now() as now
        from (select * from dwell_sessions where key = $1 for update) as locked
    ) as held
    where dwell_sessions.key = held.key and held.ended_at is null and held.deadline <= held.now
    returning dwell_sessions.key, dwell_sessions.person, dwell_sessions.ended_at,
        dwell_sessions.end_reason";

/// 1 the largest number of sessions.
pub(super) const SWEEP: &str = "
    update dwell_sessions
    set ended_at = held.deadline,
        end_reason = case
            when held.last_active_at + held.idle_limit
                < held.authenticated_at + held.absolute_limit
            then 'idle_timeout' else 'absolute_timeout' end,
        data = '{}', address = '', browser = '',
        credential = null, issuer = null, subject = null, provider_session = null
    from (
        select *, dwell_session_now() as now
        from (
            select * from dwell_sessions
            where key = any (array(
                select key from dwell_sessions
                where ended_at is null and deadline <= (select dwell_session_now())
                order by deadline
                limit $1
            ))
            order by key
            for update
        ) as locked
    ) as held
    where dwell_sessions.key = held.key and held.ended_at is null and held.deadline <= held.now
    returning dwell_sessions.key, dwell_sessions.person, dwell_sessions.ended_at,
        dwell_sessions.end_reason";

/// 1 and 2 the limits, 3 the largest number of sessions.
pub(super) const TIGHTEN: &str = "
    update dwell_sessions
    set idle_limit = least(held.idle_limit, $1), absolute_limit = least(held.absolute_limit, $2)
    from (
        select * from dwell_sessions
        where key = any (array(
            select key from dwell_sessions
            where ended_at is null and (idle_limit > $1 or absolute_limit > $2)
            limit $3
        ))
        order by key
        for update
    ) as held
    where dwell_sessions.key = held.key";

/// 1 how long tombstones are kept, 2 the largest number of tombstones.
pub(super) const FORGET: &str = "
    delete from dwell_sessions
    where key = any (array(
        select key from dwell_sessions
        where key = any (array(
            select key from dwell_sessions
            where ended_at < (select dwell_session_now()) - $1
                and last_active_at < (select dwell_session_now()) - $1
            order by ended_at
            limit $2
        ))
        order by key
        for update
    ))";

/// Makes sure that the time of the store does not go back.
pub(super) const KEEP_MARK: &str = "select now, set_back from dwell_keep_session_time()";

/// 1 the largest number of sessions.
pub(super) const KEEP_TIME: &str = "
    update dwell_sessions
    set last_active_at = least(held.last_active_at, held.now),
        authenticated_at = least(held.authenticated_at, held.now)
    from (
        select *, dwell_session_now() as now
        from (
            select * from dwell_sessions
            where key = any (array(
                select key from dwell_sessions
                where ended_at is null
                    and greatest(last_active_at, authenticated_at) > (select dwell_session_now())
                order by greatest(last_active_at, authenticated_at) desc
                limit $1
            ))
            order by key
            for update
        ) as locked
    ) as held
    where dwell_sessions.key = held.key";

/// 1 the key.
pub(super) const DATA: &str = "
    select data, deadline
    from dwell_sessions
    cross join (select dwell_session_now() as now) as clock
    where key = $1 and ended_at is null and deadline > now";

/// 1 the key, 2 the data.
pub(super) const SET_DATA: &str = "
    update dwell_sessions
    set data = $2
    from (
        select *, dwell_session_now() as now
        from (select * from dwell_sessions where key = $1 for update) as locked
    ) as held
    where dwell_sessions.key = held.key and held.ended_at is null and held.deadline > held.now";

/// Publishes a message on a channel, and makes sure that the time of the store does not go back. 1
/// the channel, 2 the message.
pub(super) const PUBLISH: &str =
    "select now, set_back from dwell_keep_session_time(), pg_notify($1, $2)";
