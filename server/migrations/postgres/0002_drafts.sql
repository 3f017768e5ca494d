-- What has been typed into a form and not been sent. The person is part of the key, so an id leads
-- to nobody else's draft. One that is used up stays without its fields until it expires: a request
-- to save it that was under way meanwhile does not bring it back.
create table drafts (
    account  bigint not null references accounts (id),
    id       text   not null,
    form     text   not null,
    fields   text,
    saved_at bigint not null,
    primary key (account, id)
);

create index drafts_by_age on drafts (saved_at);
