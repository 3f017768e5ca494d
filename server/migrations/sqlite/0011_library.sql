-- Sessions and drafts are the library's now, whose migrations have made its tables before. A person
-- is named by the number of the account. The library keeps the limits with each session: here they
-- are longer than any policy's, and the program shortens them when it starts.
insert into dwell_sessions (
    key, person, generation, authenticated_at, last_active_at, idle_limit, absolute_limit,
    address, browser, data, ended_at, end_reason
)
select
    key, cast(account as text), generation, authenticated_at, last_active_at,
    31622400000, 31622400000, -- 366 days
    address, browser, data, ended_at, end_reason
from sessions;

insert into dwell_drafts (
    person, id, form, fields, session, is_late, saved_at, used_up_at, expires_at
)
select
    cast(account as text), id, form, fields, session, is_late, saved_at, used_up_at, expires_at
from drafts;

insert into dwell_store_time (single, mark)
select single, mark from store_time where true
on conflict (single) do update set mark = excluded.mark where excluded.mark > mark;

drop table sessions;
drop table drafts;
drop table store_time;
