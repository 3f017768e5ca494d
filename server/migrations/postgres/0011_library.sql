-- Sessions and drafts are the library's now, whose migrations have made its tables before. A person
-- is named by the number of the account. The library keeps the limits with each session: here they
-- are longer than any policy's, and the program shortens them when it starts.
insert into dwell_sessions (
    key, person, generation, authenticated_at, last_active_at, idle_limit, absolute_limit,
    address, browser, data, ended_at, end_reason
)
select
    key, account::text, generation, authenticated_at, last_active_at,
    31622400000, 31622400000, -- 366 days
    address, browser, data, ended_at, end_reason
from sessions;

insert into dwell_drafts (
    person, id, form, fields, session, is_late, saved_at, used_up_at, expires_at
)
select account::text, id, form, fields, session, is_late, saved_at, used_up_at, expires_at
from drafts;

insert into dwell_store_time (single, mark, ahead)
select single, mark, ahead from store_time
on conflict (single) do update set mark = excluded.mark, ahead = excluded.ahead
    where excluded.mark > dwell_store_time.mark;

drop table sessions;
drop table drafts;
drop table store_time;
drop function dwell_tell_end();
drop function dwell_keep_time();
drop function dwell_now();
drop function dwell_clock();
