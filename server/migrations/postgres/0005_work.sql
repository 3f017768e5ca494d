-- A draft goes once it expires. One that has been sent or discarded is used up: what was sent
-- leaves its id alone, what was discarded stays for a while, so that it can be had back. A draft
-- tells in which session it was saved last, and whether that session had ended by then.
alter table drafts add column session text not null default '';
alter table drafts add column is_late bigint not null default 0;
alter table drafts add column used_up_at bigint;
alter table drafts add column expires_at bigint not null default 0;

-- Seven days for a draft, one for what is used up.
update drafts set used_up_at = saved_at where fields is null;
update drafts set expires_at = saved_at + case when used_up_at is null then 604800000 else 86400000 end;

drop index drafts_by_age;
create index drafts_by_expiry on drafts (expires_at);

-- A note that was deleted stays for a while, so that it can be had back. What is sent twice has one
-- name, a hash of its draft and its text, and is kept once.
alter table notes add column deleted_at bigint;
alter table notes add column sending bytea;

drop index notes_by_account;
create index notes_by_account on notes (account, id) where deleted_at is null;
create index deleted_notes_by_account on notes (account, deleted_at) where deleted_at is not null;
create index deleted_notes_by_age on notes (deleted_at) where deleted_at is not null;
create unique index notes_by_sending on notes (account, sending);
