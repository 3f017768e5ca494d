-- What the nodes sign with, as hexadecimal digits. Each is made by the first node that needs it.
create table secrets (
    name  text not null primary key,
    value text not null
) strict, without rowid;
