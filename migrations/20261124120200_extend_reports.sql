-- More of what GitHub is told: annotations, commit statuses, deployments, workflows that did not start.

alter table check_runs
    -- GitHub appends annotations, 50 at once; so many have been sent.
    add column n_annotations integer not null default 0;

create index check_runs_number_idx on check_runs (check_run_id);

alter table repositories
    -- Jobs are commit statuses as well, for tools that know nothing else.
    add column reports_statuses boolean not null default false,
    -- Jobs of workflows that a filter kept from starting are `skipped`, so that required checks resolve.
    add column reports_skipped boolean not null default false;

-- owner: reporting
create table github_deployments (
    job_id bigint primary key references jobs (id) on delete cascade,
    -- GitHub's number.
    deployment_id bigint not null,
    -- The state of its newest status.
    reported_state text,
    updated_at timestamptz not null default now()
);
