-- What polling has seen of GitHub's repositories: what differs from it becomes a delivery.

alter table deliveries drop constraint deliveries_source_check;
alter table deliveries add constraint deliveries_source_check
    check (source in ('webhook', 'dispatch', 'schedule', 'run', 'poll'));

-- Gone while a repository is not polled: it begins anew then.
-- owner: deliveries
create table poll_repositories (
    repository_id bigint primary key references repositories (id) on delete cascade,
    started_at timestamptz not null default now(),
    -- Deliveries made since then; part of their guids.
    n_deliveries bigint not null default 0,
    next_poll_at timestamptz not null default now(),
    -- GitHub's marks of the lists as they were read.
    branches_etag text,
    tags_etag text,
    pull_requests_etag text,
    -- Newest change of a pull request that was seen, and that of the beginning, by GitHub's clock.
    pull_requests_read_to timestamptz,
    pull_requests_began_at timestamptz
);

-- owner: deliveries
create table poll_refs (
    repository_id bigint not null references poll_repositories (repository_id) on delete cascade,
    -- The full name: `refs/heads/main`.
    ref text not null,
    sha text not null,
    primary key (repository_id, ref)
);

-- owner: deliveries
create table poll_pull_requests (
    repository_id bigint not null references poll_repositories (repository_id) on delete cascade,
    number bigint not null,
    is_open boolean not null,
    head_sha text not null,
    primary key (repository_id, number)
);
