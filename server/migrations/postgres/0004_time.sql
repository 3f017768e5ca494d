-- Time that has been told does not come back, though the server's clock may be set back.
create table store_time (
    single boolean primary key default true check (single),
    -- The latest time that a node has made sure of.
    mark   bigint  not null,
    -- What is added to the clock while it is behind the mark.
    ahead  bigint  not null
);

create function dwell_clock() returns bigint language sql volatile
as 'select floor(extract(epoch from clock_timestamp()) * 1000)::bigint';

-- The clock, or where it has been set back, what goes on from the mark.
create or replace function dwell_now() returns bigint language plpgsql volatile as $$
declare
    kept  store_time;
    clock bigint;
begin
    select * into kept from store_time;
    clock := dwell_clock();
    if kept.mark > clock then
        return greatest(kept.mark, clock + kept.ahead);
    end if;
    return clock;
end
$$;

-- Makes sure that the time does not come back, and that it goes on where the clock has been set
-- back. Tells the time, and by how much that was.
create function dwell_keep_time(out now bigint, out set_back bigint) language plpgsql volatile as $$
declare
    kept  store_time;
    clock bigint;
begin
    insert into store_time (mark, ahead) values (0, 0) on conflict do nothing;
    select * into kept from store_time for update;
    clock := dwell_clock();
    now := clock;
    if kept.mark > clock then
        now := greatest(kept.mark, clock + kept.ahead);
    end if;
    set_back := greatest(kept.mark - clock - kept.ahead, 0);
    update store_time set mark = now, ahead = now - clock;
end
$$;

-- Tells every node that a live session has been deleted, as it is told of an end.
create or replace function dwell_tell_end() returns trigger language plpgsql as $$
begin
    perform pg_notify('dwell_ends', encode(old.key, 'hex'));
    return null;
end
$$;

create trigger tell_deletion after delete on sessions
    for each row when (old.ended_at is null)
    execute function dwell_tell_end();
