-- Repositories whose files are GitHub's, and the installations of our App through which we reach them.

-- owner: repositories
create table github_installations (
    -- GitHub's.
    id bigint primary key,
    account text not null,
    -- GitHub answers nothing for it and delivers nothing.
    is_suspended boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

alter table repositories
    -- Only repositories of this machine have a path.
    alter column local_path drop not null,
    -- GitHub's number: it stays when the repository is renamed or moved to another owner.
    add column github_id bigint unique,
    -- Absent when the App was taken out of the repository; its runs stay.
    add column installation_id bigint references github_installations (id) on delete set null,
    -- Deliveries of a repository that is off start nothing.
    add column is_enabled boolean not null default true,
    -- Another system decides; our check runs are neutral.
    add column is_shadow boolean not null default false,
    add constraint repositories_source_check check ((local_path is null) = (github_id is not null));

create index repositories_installation_idx on repositories (installation_id);
