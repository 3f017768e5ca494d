-- The latest time that the sessions have been kept by. Time that has been told does not come back,
-- though the machine's clock may be set back while the server does not run.
create table store_time (
    single integer primary key check (single = 1),
    mark   integer not null
) strict;
