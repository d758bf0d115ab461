-- What reports say that jobs leave in artifacts: tests, coverage, findings. It outlives the artifacts.

-- Artifacts that have been looked into.
-- owner: reports
create table report_scans (
    -- Not a reference: an artifact goes before its run does.
    artifact_id bigint primary key,
    artifact_name text not null,
    run_id bigint not null references workflow_runs (id) on delete cascade,
    run_attempt integer not null,
    -- A tool has looked, even if it has found nothing.
    has_findings boolean not null,
    -- What could not be read and why, a line each.
    problems text not null default '',
    created_at timestamptz not null default clock_timestamp()
);

create index report_scans_run_idx on report_scans (run_id, run_attempt);

-- owner: reports
create table test_results (
    id bigint generated always as identity primary key,
    run_id bigint not null references workflow_runs (id) on delete cascade,
    run_attempt integer not null,
    repository_id bigint not null references repositories (id) on delete cascade,
    artifact_id bigint not null,
    suite text not null,
    name text not null,
    status text not null check (status in ('passed', 'failed', 'skipped')),
    duration_ms bigint,
    message text
);

create index test_results_artifact_idx on test_results (artifact_id);
create index test_results_run_idx on test_results (run_id);
create index test_results_history_idx on test_results (repository_id, suite, name, run_id desc);

-- owner: reports
create table coverage_results (
    run_id bigint not null references workflow_runs (id) on delete cascade,
    run_attempt integer not null,
    artifact_id bigint not null,
    -- Of the report in the artifact.
    path text not null,
    format text not null check (format in ('cobertura', 'lcov')),
    lines_covered bigint not null,
    lines_total bigint not null,
    primary key (artifact_id, path)
);

create index coverage_results_run_idx on coverage_results (run_id);

-- owner: reports
create table findings (
    id bigint generated always as identity primary key,
    run_id bigint not null references workflow_runs (id) on delete cascade,
    run_attempt integer not null,
    artifact_id bigint not null,
    tool text not null,
    rule text not null,
    severity text not null check (severity in ('critical', 'high', 'medium', 'low', 'note')),
    message text not null,
    path text,
    line integer
);

create index findings_artifact_idx on findings (artifact_id);
create index findings_run_idx on findings (run_id);
