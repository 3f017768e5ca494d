-- Times are integer milliseconds since the Unix epoch.

create table accounts (
    id            integer primary key,
    email         text    not null unique,
    password_hash text    not null,
    created_at    integer not null
) strict;

-- A session is named by the SHA-256 of its id; the id itself is kept nowhere.
-- An ended session stays as a tombstone that says who, when and why.
create table sessions (
    key              blob    primary key,
    account          integer not null references accounts (id),
    generation       text    not null unique,
    authenticated_at integer not null,
    last_active_at   integer not null,
    address          text    not null,
    browser          text    not null,
    data             text    not null,
    ended_at         integer,
    end_reason       text,
    check ((ended_at is null) = (end_reason is null))
) strict, without rowid;

create index live_sessions_by_account on sessions (account) where ended_at is null;
create index live_sessions_by_activity on sessions (last_active_at) where ended_at is null;
create index live_sessions_by_authentication on sessions (authenticated_at) where ended_at is null;
create index tombstones_by_end on sessions (ended_at) where ended_at is not null;

create table notes (
    id         integer primary key,
    account    integer not null references accounts (id),
    text       text    not null,
    written_at integer not null
) strict;

create index notes_by_account on notes (account, written_at);
