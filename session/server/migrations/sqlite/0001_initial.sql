-- Times are integer milliseconds since the Unix epoch, and limits are in milliseconds.

-- A session is named by the SHA-256 of its id; the id itself is kept nowhere.
-- An ended session stays as a tombstone that says who, when and why.
create table dwell_sessions (
    key              blob    primary key,
    person           text    not null,
    generation       text    not null unique,
    authenticated_at integer not null,
    last_active_at   integer not null,
    idle_limit       integer not null,
    absolute_limit   integer not null,
    deadline         integer not null generated always as
        (min(last_active_at + idle_limit, authenticated_at + absolute_limit)) virtual,
    credential       text,
    issuer           text,
    subject          text,
    provider_session text,
    address          text    not null,
    browser          text    not null,
    data             text    not null,
    ended_at         integer,
    end_reason       text,
    check ((ended_at is null) = (end_reason is null))
) strict, without rowid;

create index dwell_live_by_person on dwell_sessions (person) where ended_at is null;
create index dwell_live_by_deadline on dwell_sessions (deadline) where ended_at is null;
-- Finds instants that are later than now.
create index dwell_live_by_latest on dwell_sessions (max(last_active_at, authenticated_at))
    where ended_at is null;
create index dwell_tombstones_by_end on dwell_sessions (ended_at) where ended_at is not null;

-- The latest time that the sessions have been kept by. Time that has been told does not come back,
-- though the machine's clock may be set back while the program does not run.
create table dwell_store_time (
    single integer primary key check (single = 1),
    mark   integer not null
) strict;

-- What has been typed into a form and has not been sent. The person is part of the key, so an id
-- leads to nobody else's draft. A draft that was sent or discarded is used up and stays until it
-- expires: a request to save it that was under way meanwhile does not bring it back. What was
-- discarded keeps its fields, so that it can be restored. A draft tells in which session it was
-- saved last, and whether that session had ended by then.
create table dwell_drafts (
    person     text    not null,
    id         text    not null,
    form       text    not null,
    fields     text,
    session    text    not null default '',
    is_late    integer not null default 0,
    saved_at   integer not null,
    used_up_at integer,
    expires_at integer not null,
    primary key (person, id)
) strict, without rowid;

create index dwell_drafts_by_expiry on dwell_drafts (expires_at);
