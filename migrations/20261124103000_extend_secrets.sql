-- Secrets and variables also belong to an owner of repositories (GitHub's organisation), and are
-- encrypted under data keys, which the master key wraps and which can be changed.

-- owner: secrets
create table secret_keys (
    -- Clients name it when they send a sealed value.
    id bigint generated always as identity primary key,
    nonce bytea not null,
    -- 32 random bytes, encrypted under the master key.
    wrapped bytea not null,
    created_at timestamptz not null default now()
);

alter table secrets
    alter column repository_id drop not null,
    -- In lower case; '' for what belongs to one repository.
    add column owner text not null default '',
    -- Null: encrypted under the master key itself, as before there were data keys.
    add column key_id bigint references secret_keys (id),
    add column visibility text not null default 'all'
        check (visibility in ('all', 'private', 'selected')),
    add column selected_repository_ids bigint[] not null default '{}',
    add column last_used_at timestamptz,
    add constraint secrets_place_check check ((repository_id is null) = (owner <> ''));

drop index secrets_name_key;
create unique index secrets_name_key
on secrets (coalesce(repository_id, 0), owner, lower(environment), upper(name));

alter table variables
    alter column repository_id drop not null,
    add column owner text not null default '',
    add column visibility text not null default 'all'
        check (visibility in ('all', 'private', 'selected')),
    add column selected_repository_ids bigint[] not null default '{}',
    add constraint variables_place_check check ((repository_id is null) = (owner <> ''));

drop index variables_name_key;
create unique index variables_name_key
on variables (coalesce(repository_id, 0), owner, lower(environment), upper(name));
