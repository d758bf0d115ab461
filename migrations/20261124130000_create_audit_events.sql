-- Who did what, from where, and how it ended.

-- owner: audit
-- An event is written before the request is carried out, gets its outcome afterwards, and is then
-- sealed into the chain. A sealed event never changes.
create table audit_events (
    -- Order of writing; `sequence` is the order of the chain.
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    actor_kind text not null check (actor_kind in ('account', 'job', 'server', 'anonymous')),
    actor text not null,
    -- The network address that the request came from.
    address text,
    action text not null,
    -- `owner/name`, as it was called then.
    repository text,
    target text,
    -- Null while the request is being carried out.
    outcome text check (outcome in ('done', 'failed', 'refused', 'unknown')),
    detail jsonb not null default '{}',
    sequence bigint unique,
    previous_hash bytea,
    hash bytea,
    check ((sequence is null) = (hash is null) and (sequence is null) = (previous_hash is null))
);

create index audit_events_unsealed_idx on audit_events (id) where sequence is null;
create index audit_events_repository_idx on audit_events (repository, sequence desc)
where sequence is not null;

create function refuse_change_of_sealed_audit_event() returns trigger
language plpgsql
as $$
begin
    if tg_op <> 'UPDATE' or old.sequence is not null then
        raise exception 'audit events are append-only';
    end if;
    return new;
end
$$;

create trigger audit_events_are_append_only
before update or delete on audit_events
for each row execute function refuse_change_of_sealed_audit_event();

create trigger audit_events_are_not_truncated
before truncate on audit_events
for each statement execute function refuse_change_of_sealed_audit_event();
