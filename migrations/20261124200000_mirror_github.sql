-- People who sign in with their GitHub account may do here what they may do there.

alter table access_tokens
    -- GitHub's number of the account that it belongs to; null for an account of this server alone.
    add column github_id bigint;

alter table sessions
    add column id bigint generated always as identity,
    add column github_id bigint,
    -- Where it was begun, as far as we see.
    add column address text,
    add column browser text not null default '';

create unique index sessions_id_key on sessions (id);

alter table login_codes
    add column github_id bigint;

-- What GitHub said somebody may do in a repository, and when it said so.
-- owner: members
create table mirrored_roles (
    github_id bigint not null,
    repository_id bigint not null references repositories (id) on delete cascade,
    -- Null: nothing.
    role text check (role in ('admin', 'write', 'read')),
    checked_at timestamptz not null,
    primary key (github_id, repository_id)
);

-- Whether somebody belongs to an organisation (`acme`) or a team (`acme/deployers`), and when GitHub
-- said so.
-- owner: members
create table mirrored_memberships (
    -- In lower case, as the group is.
    login text not null,
    group_name text not null,
    is_member boolean not null,
    checked_at timestamptz not null,
    primary key (login, group_name)
);
