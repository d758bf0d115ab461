-- What workflows with `on: workflow_run` wait for.

-- The file of the default branch has `workflow_run`.
alter table workflows add column listens_to_runs boolean not null default false;

-- What has happened to runs of repositories in which a workflow listens, until it is a delivery.
-- owner: runs
create table run_news (
    run_id bigint not null references workflow_runs (id) on delete cascade,
    run_attempt integer not null,
    action text not null check (action in ('requested', 'in_progress', 'completed')),
    created_at timestamptz not null default clock_timestamp(),
    primary key (run_id, run_attempt, action)
);

alter table deliveries drop constraint deliveries_source_check;
alter table deliveries add constraint deliveries_source_check
    check (source in ('webhook', 'dispatch', 'schedule', 'run'));
