-- The first schema. One comment per table names the domain that alone writes it
-- (`server/src/<domain>/`); `cargo xtask tidy` reads these comments.
-- Status words are GitHub's (docs/ARCHITECTURE.md); `blocked` is ours and never leaves the server.

-- owner: repositories
create table repositories (
    id bigint generated always as identity (start with 1001) primary key,
    owner text not null,
    name text not null,
    default_branch text not null,
    -- Where the files come from: a git repository on this machine.
    local_path text not null,
    workflow_directory text not null default '.github/workflows',
    -- Jobs may reach the container engine of their runner.
    docker_socket boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create unique index repositories_full_name_key on repositories (lower(owner), lower(name));

-- owner: deliveries
create table deliveries (
    -- Arrival order; claims go by it.
    id bigint generated always as identity primary key,
    -- X-GitHub-Delivery, unchanged on redelivery; ours for dispatches and schedules.
    guid text not null unique,
    source text not null check (source in ('webhook', 'dispatch', 'schedule')),
    event text not null,
    -- The body exactly as it came.
    payload bytea not null,
    status text not null default 'pending'
        check (status in ('pending', 'processed', 'ignored', 'failed')),
    -- In words: why it was ignored or failed, or what it started.
    reason text,
    n_attempts integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    received_at timestamptz not null default now(),
    completed_at timestamptz
);

create index deliveries_pending_idx on deliveries (next_attempt_at) where status = 'pending';

-- owner: triggers
create table schedules (
    id bigint generated always as identity primary key,
    repository_id bigint not null references repositories (id),
    workflow_path text not null,
    cron text not null,
    timezone text not null default 'UTC',
    next_due_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (repository_id, workflow_path, cron, timezone)
);

-- owner: triggers
create table schedule_firings (
    schedule_id bigint not null references schedules (id) on delete cascade,
    due_at timestamptz not null,
    fired_at timestamptz not null default now(),
    delivery_guid text not null,
    primary key (schedule_id, due_at)
);

-- owner: runs
create table workflows (
    id bigint generated always as identity (start with 2001) primary key,
    repository_id bigint not null references repositories (id),
    path text not null,
    name text not null,
    state text not null default 'active'
        check (state in ('active', 'deleted', 'disabled_manually')),
    last_run_number bigint not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (repository_id, path)
);

-- owner: runs
create table workflow_runs (
    id bigint generated always as identity (start with 10001) primary key,
    repository_id bigint not null references repositories (id),
    workflow_id bigint not null references workflows (id),
    -- The delivery that caused the run; one run per delivery and workflow.
    delivery_guid text not null,
    run_number bigint not null,
    run_attempt integer not null default 1,
    event text not null,
    -- Name of the branch or tag, without `refs/heads/`.
    head_branch text not null,
    head_sha text not null,
    git_ref text not null,
    display_title text not null,
    actor text not null,
    status text not null
        check (status in ('queued', 'in_progress', 'completed', 'waiting', 'pending', 'requested')),
    conclusion text
        check (conclusion in ('success', 'failure', 'cancelled', 'skipped', 'timed_out', 'neutral',
                              'action_required', 'stale', 'startup_failure')),
    -- `gantry_workflow::plan::RunPlan` with its `format`; null for a run that could not be planned.
    -- `json`, because the order of keys is part of the language (`toJSON(github.event)`).
    plan json,
    -- Something happened that `advance` has not looked at yet.
    advance_wanted boolean not null default true,
    -- Diagnostics of the workflow file, as JSON list.
    diagnostics jsonb not null default '[]',
    cancel_requested_at timestamptz,
    cancel_reason text,
    run_started_at timestamptz not null default now(),
    completed_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (delivery_guid, workflow_id),
    unique (workflow_id, run_number),
    check ((status = 'completed') = (conclusion is not null))
);

create index workflow_runs_repository_idx on workflow_runs (repository_id, id desc);
create index workflow_runs_open_idx on workflow_runs (id) where status <> 'completed';
create index workflow_runs_wanted_idx on workflow_runs (id) where advance_wanted;

-- Orders completions; gaps do not matter.
create sequence job_completions;

-- owner: jobs
create table jobs (
    id bigint generated always as identity (start with 100001) primary key,
    run_id bigint not null references workflow_runs (id),
    run_attempt integer not null default 1,
    -- The key under `jobs:`.
    job_key text not null,
    -- 0 for a job without matrix; rows of later legs appear when the matrix is expanded.
    leg integer not null default 0,
    name text not null,
    status text not null
        check (status in ('blocked', 'pending', 'waiting', 'queued', 'in_progress', 'completed')),
    conclusion text
        check (conclusion in ('success', 'failure', 'cancelled', 'skipped', 'timed_out', 'neutral')),
    -- In words: why it was skipped, waits, or ended without running.
    reason text,
    -- False until the strategy has been evaluated; such a row stands for all legs to come.
    expanded boolean not null default false,
    matrix json not null default 'null',
    strategy json not null default 'null',
    fail_fast boolean not null default true,
    max_parallel integer,
    runs_on text[] not null default '{}',
    environment text,
    environment_url text,
    continue_on_error boolean not null default false,
    timeout_minutes integer not null default 360,
    outputs jsonb not null default '{}',
    -- Order of completion, from `job_completions`.
    completed_order bigint,
    -- The job ended by other hands than `advance`, which has not looked at it yet.
    has_news boolean not null default false,
    infrastructure_error text,
    -- The lease. `lease_token` grows with every hand-out; writes with an older one are refused.
    lease_token bigint not null default 0,
    lease_claim uuid,
    lease_expires_at timestamptz,
    runner_id bigint,
    -- A step has been reported: from here on the job is never handed out again.
    has_started boolean not null default false,
    cancel_requested_at timestamptz,
    cancel_reason text,
    cancel_timed_out boolean not null default false,
    queued_at timestamptz,
    started_at timestamptz,
    completed_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (run_id, run_attempt, job_key, leg),
    check ((status = 'completed') = (conclusion is not null))
);

create index jobs_queued_idx on jobs (id) where status = 'queued';
create index jobs_leased_idx on jobs (lease_expires_at) where status = 'in_progress';
create unique index jobs_claim_key on jobs (lease_claim) where lease_claim is not null;
create index jobs_news_idx on jobs (run_id) where has_news;

-- owner: jobs
-- One row: when leases were last looked at. A gap means that nobody could renew, and extends all.
create table lease_clock (
    id boolean primary key default true check (id),
    last_pass_at timestamptz not null
);

-- owner: jobs
create table job_needs (
    run_id bigint not null references workflow_runs (id),
    job_key text not null,
    needs_key text not null,
    primary key (run_id, job_key, needs_key)
);

-- owner: jobs
create table steps (
    job_id bigint not null references jobs (id),
    number integer not null,
    revision integer not null,
    name text not null,
    status text not null check (status in ('queued', 'in_progress', 'completed')),
    conclusion text check (conclusion in ('success', 'failure', 'cancelled', 'skipped', 'timed_out')),
    outcome text check (outcome in ('success', 'failure', 'cancelled', 'skipped', 'timed_out')),
    started_at timestamptz,
    completed_at timestamptz,
    primary key (job_id, number)
);

-- owner: jobs
create table annotations (
    id bigint generated always as identity primary key,
    job_id bigint not null references jobs (id),
    level text not null check (level in ('notice', 'warning', 'failure')),
    message text not null,
    title text,
    path text,
    start_line integer,
    end_line integer,
    start_column integer,
    end_column integer,
    step_number integer,
    log_line bigint
);

create index annotations_job_idx on annotations (job_id);

-- owner: environments
create table environments (
    id bigint generated always as identity (start with 3001) primary key,
    repository_id bigint not null references repositories (id),
    name text not null,
    -- A deployment to it waits for an approval.
    review_required boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create unique index environments_name_key on environments (repository_id, lower(name));

-- owner: environments
create table deployment_reviews (
    id bigint generated always as identity primary key,
    run_id bigint not null references workflow_runs (id),
    run_attempt integer not null,
    -- The commit that was reviewed; a review counts for no other.
    head_sha text not null,
    environment text not null,
    state text not null check (state in ('approved', 'rejected')),
    reviewer text not null,
    comment text not null default '',
    -- `advance` has looked at it.
    is_seen boolean not null default false,
    created_at timestamptz not null default now()
);

create unique index deployment_reviews_key
on deployment_reviews (run_id, run_attempt, lower(environment));
create index deployment_reviews_unseen_idx on deployment_reviews (run_id) where not is_seen;

-- owner: runners
create table runners (
    id bigint generated always as identity primary key,
    name text not null unique,
    -- SHA-256 of the token.
    token_hash bytea not null unique,
    labels text[] not null,
    version text not null,
    last_seen_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

-- owner: runners
create table registration_tokens (
    token_hash bytea primary key,
    expires_at timestamptz not null,
    used_at timestamptz
);

-- owner: logs
create table log_chunks (
    job_id bigint not null references jobs (id),
    sequence bigint not null,
    step_number integer not null,
    first_line bigint not null,
    n_lines bigint not null,
    content bytea not null,
    primary key (job_id, sequence)
);

-- owner: logs
create table log_archives (
    job_id bigint primary key references jobs (id),
    object_key text not null,
    size_bytes bigint not null,
    -- `format`, and per chunk: step, first line, lines, byte offset, bytes.
    line_index jsonb not null,
    archived_at timestamptz not null default now()
);

-- owner: secrets
create table secrets (
    id bigint generated always as identity primary key,
    repository_id bigint not null references repositories (id),
    -- '' for the repository's own.
    environment text not null default '',
    name text not null,
    nonce bytea not null,
    ciphertext bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create unique index secrets_name_key on secrets (repository_id, lower(environment), upper(name));

-- owner: secrets
create table variables (
    id bigint generated always as identity primary key,
    repository_id bigint not null references repositories (id),
    environment text not null default '',
    name text not null,
    value text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create unique index variables_name_key on variables (repository_id, lower(environment), upper(name));

-- owner: accounts
create table access_tokens (
    id bigint generated always as identity primary key,
    login text not null,
    role text not null check (role in ('admin', 'write', 'read')),
    token_hash bytea not null unique,
    created_at timestamptz not null default now(),
    expires_at timestamptz
);

-- owner: accounts
create table sessions (
    -- SHA-256 of the cookie's value.
    id_hash bytea primary key,
    login text not null,
    role text not null check (role in ('admin', 'write', 'read')),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);

-- owner: accounts
create table login_codes (
    code_hash bytea primary key,
    login text not null,
    role text not null check (role in ('admin', 'write', 'read')),
    expires_at timestamptz not null
);

-- owner: outbox
create table outbox (
    id bigint generated always as identity primary key,
    -- What to do: `check_run`.
    kind text not null,
    -- Effects with the same key collapse: only the newest wanted state is sent.
    dedupe_key text not null,
    payload jsonb not null,
    -- Grows when the effect is asked for again, so that a sender does not remove a newer wish.
    revision bigint not null default 1,
    n_attempts integer not null default 0,
    last_error text,
    next_attempt_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    unique (kind, dedupe_key)
);

-- owner: reporting
create table check_runs (
    job_id bigint primary key references jobs (id),
    -- GitHub's number of the check run.
    check_run_id bigint not null,
    reported_status text not null,
    reported_conclusion text,
    updated_at timestamptz not null default now()
);
