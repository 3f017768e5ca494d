-- Times are integer milliseconds since the Unix epoch, and limits are in milliseconds.

-- A session is named by the SHA-256 of its id; the id itself is kept nowhere.
-- An ended session stays as a tombstone that says who, when and why.
create table dwell_sessions (
    key              bytea  primary key,
    person           text   not null,
    generation       text   not null unique,
    authenticated_at bigint not null,
    last_active_at   bigint not null,
    idle_limit       bigint not null,
    absolute_limit   bigint not null,
    deadline         bigint not null generated always as
        (least(last_active_at + idle_limit, authenticated_at + absolute_limit)) stored,
    credential       text,
    issuer           text,
    subject          text,
    provider_session text,
    address          text   not null,
    browser          text   not null,
    data             text   not null,
    ended_at         bigint,
    end_reason       text,
    check ((ended_at is null) = (end_reason is null))
);

create index dwell_live_by_person on dwell_sessions (person) where ended_at is null;
create index dwell_live_by_deadline on dwell_sessions (deadline) where ended_at is null;
-- Finds instants that are later than now.
create index dwell_live_by_latest on dwell_sessions (greatest(last_active_at, authenticated_at))
    where ended_at is null;
create index dwell_tombstones_by_end on dwell_sessions (ended_at) where ended_at is not null;

-- Time that has been told does not come back, though the server's clock may be set back.
create table dwell_store_time (
    single boolean primary key default true check (single),
    -- The latest time that a node has made sure of.
    mark   bigint  not null,
    -- What is added to the clock while it is behind the mark.
    ahead  bigint  not null
);

create function dwell_session_clock() returns bigint language sql volatile
as 'select floor(extract(epoch from clock_timestamp()) * 1000)::bigint';

-- The one time that every node goes by: the clock, or where it has been set back, what goes on from
-- the mark. Volatile, as a time must be that is read again after a wait for a lock.
create function dwell_session_now() returns bigint language plpgsql volatile as $$
declare
    kept  dwell_store_time;
    clock bigint;
begin
    select * into kept from dwell_store_time;
    clock := dwell_session_clock();
    if kept.mark > clock then
        return greatest(kept.mark, clock + kept.ahead);
    end if;
    return clock;
end
$$;

-- Makes sure that the time does not come back, and that it goes on where the clock has been set
-- back. Tells the time, and by how much that was.
create function dwell_keep_session_time(out now bigint, out set_back bigint)
language plpgsql volatile as $$
declare
    kept  dwell_store_time;
    clock bigint;
begin
    insert into dwell_store_time (mark, ahead) values (0, 0) on conflict do nothing;
    select * into kept from dwell_store_time for update;
    clock := dwell_session_clock();
    now := clock;
    if kept.mark > clock then
        now := greatest(kept.mark, clock + kept.ahead);
    end if;
    set_back := greatest(kept.mark - clock - kept.ahead, 0);
    update dwell_store_time set mark = now, ahead = now - clock;
end
$$;

-- Tells every node that a session has ended, or has been deleted while it was live, once that is
-- committed.
create function dwell_tell_session_end() returns trigger language plpgsql as $$
begin
    perform pg_notify('dwell_session_ends', encode(old.key, 'hex'));
    return null;
end
$$;

create trigger dwell_tell_end after update of ended_at on dwell_sessions
    for each row when (old.ended_at is null and new.ended_at is not null)
    execute function dwell_tell_session_end();

create trigger dwell_tell_deletion after delete on dwell_sessions
    for each row when (old.ended_at is null)
    execute function dwell_tell_session_end();

-- What has been typed into a form and has not been sent. The person is part of the key, so an id
-- leads to nobody else's draft. A draft that was sent or discarded is used up and stays until it
-- expires: a request to save it that was under way meanwhile does not bring it back. What was
-- discarded keeps its fields, so that it can be restored. A draft tells in which session it was
-- saved last, and whether that session had ended by then.
create table dwell_drafts (
    person     text   not null,
    id         text   not null,
    form       text   not null,
    fields     text,
    session    text   not null default '',
    is_late    bigint not null default 0,
    saved_at   bigint not null,
    used_up_at bigint,
    expires_at bigint not null,
    primary key (person, id)
);

create index dwell_drafts_by_expiry on dwell_drafts (expires_at);
