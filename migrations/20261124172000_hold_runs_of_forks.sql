-- Runs for pull requests from forks may wait for a maintainer.

alter table repositories
    add column fork_approval text not null default 'first_time'
        check (fork_approval in ('never', 'first_time', 'outside')),
    -- `pull_request_target` waits as well.
    add column holds_targets boolean not null default false;

-- Such a run is completed with `action_required` and has no jobs until somebody has approved it.
alter table workflow_runs
    add column approved_by text,
    add column approved_at timestamptz;

create index workflow_runs_approved_idx on workflow_runs (repository_id, head_sha)
    where approved_at is not null;
