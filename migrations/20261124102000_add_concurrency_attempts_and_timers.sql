-- Concurrency groups, further attempts of a run, and rules that wait for a time.

-- Orders changes of concurrency slots. Taken under the lock of a repository's slots, so that in one
-- repository a later number is committed later.
create sequence concurrency_revisions;

-- owner: runs
-- Who holds a concurrency group and who waits for it, in order of arrival (`id`). A row goes when its
-- run or its leg has ended.
create table concurrency_slots (
    id bigint generated always as identity primary key,
    repository_id bigint not null references repositories (id),
    -- The name in lower case: names are compared ignoring case.
    group_key text not null,
    group_name text not null,
    run_id bigint not null references workflow_runs (id) on delete cascade,
    run_attempt integer not null,
    -- '' for the run as a whole.
    job_key text not null default '',
    leg integer not null default 0,
    -- `displaced`: it waited, and will never hold the group.
    state text not null check (state in ('held', 'pending', 'displaced')),
    -- In words: why it was displaced, or why the holder has to make room.
    reason text,
    -- From `concurrency_revisions`; compared with `workflow_runs.slots_seen`.
    revision bigint not null,
    created_at timestamptz not null default now(),
    unique (run_id, run_attempt, job_key, leg)
);

create unique index concurrency_slots_holder_key
on concurrency_slots (repository_id, group_key) where state = 'held';
create index concurrency_slots_group_idx on concurrency_slots (repository_id, group_key, id);

-- owner: runs
-- The attempts of a run before the present one, which `workflow_runs` itself describes.
create table past_attempts (
    run_id bigint not null references workflow_runs (id) on delete cascade,
    number integer not null,
    triggering_actor text not null,
    conclusion text not null,
    run_started_at timestamptz not null,
    completed_at timestamptz,
    updated_at timestamptz not null,
    primary key (run_id, number)
);

alter table workflow_runs
    -- Who asked for this attempt; null for whoever caused the run.
    add column triggering_actor text,
    -- This attempt runs with ACTIONS_STEP_DEBUG and ACTIONS_RUNNER_DEBUG.
    add column debug_logging boolean not null default false,
    -- In words: why the run waits.
    add column status_reason text,
    -- The cancellation leaves nothing running, whatever `if` says.
    add column cancel_forced boolean not null default false,
    -- When `advance` has to look again although nothing happens.
    add column next_look_at timestamptz,
    -- The newest change of the run's concurrency slots that `advance` has seen.
    add column slots_seen bigint not null default 0;

create index workflow_runs_next_look_idx
on workflow_runs (next_look_at) where status <> 'completed';

alter table jobs
    -- The evaluated `concurrency:`, as JSON of `gantry_workflow::plan::ConcurrencySlot`.
    add column concurrency jsonb,
    add column cancel_timeout_minutes integer not null default 5,
    add column waiting_at timestamptz,
    -- The job of an earlier attempt whose result this row repeats; steps' logs are there.
    add column kept_from bigint references jobs (id);
