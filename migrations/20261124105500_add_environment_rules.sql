-- More rules of environments: who may review, how long a deployment waits, and what may be deployed.

alter table environments
    -- A deployment waits at least this long, whoever approves it; GitHub's limit is 30 days.
    add column wait_minutes integer not null default 0 check (wait_minutes between 0 and 43200),
    -- Whoever caused a run does not review its deployments.
    add column prevent_self_review boolean not null default false,
    -- Logins of who may review, in lower case; when there is none, whoever may write.
    add column reviewers text[] not null default '{}',
    -- Only branches and tags that fit one of the environment's policies may be deployed.
    add column has_ref_policies boolean not null default false;

-- owner: environments
create table environment_ref_policies (
    id bigint generated always as identity (start with 4001) primary key,
    environment_id bigint not null references environments (id) on delete cascade,
    kind text not null check (kind in ('branch', 'tag')),
    -- A pattern of the language's filters.
    pattern text not null,
    created_at timestamptz not null default now(),
    constraint environment_ref_policies_key unique (environment_id, kind, pattern)
);
