-- Tells every node that a session has ended, once that is committed.
create function dwell_tell_end() returns trigger language plpgsql as $$
begin
    perform pg_notify('dwell_ends', encode(new.key, 'hex'));
    return null;
end
$$;

create trigger tell_end after update of ended_at on sessions
    for each row when (old.ended_at is null and new.ended_at is not null)
    execute function dwell_tell_end();
