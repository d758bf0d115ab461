-- Systems outside that let deployments go on or stop them: GitHub's custom deployment protection rules.

-- owner: environments
create table environment_gates (
    id bigint generated always as identity (start with 5001) primary key,
    environment_id bigint not null references environments (id) on delete cascade,
    -- Login of the account of this server that answers.
    login text not null,
    -- Where a deployment is told of.
    url text not null,
    -- What that is signed with, under the master key.
    nonce bytea not null,
    ciphertext bytea not null,
    created_at timestamptz not null default now(),
    constraint environment_gates_key unique (environment_id, login)
);

-- That a gate was told of a deployment, or is to be.
-- owner: environments
create table gate_calls (
    id uuid primary key default gen_random_uuid(),
    gate_id bigint not null references environment_gates (id) on delete cascade,
    run_id bigint not null references workflow_runs (id) on delete cascade,
    run_attempt integer not null,
    n_attempts integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    delivered_at timestamptz,
    constraint gate_calls_key unique (gate_id, run_id, run_attempt)
);

create index gate_calls_run_idx on gate_calls (run_id);
create index gate_calls_due_idx on gate_calls (next_attempt_at) where delivered_at is null;

alter table deployment_reviews
    -- The answer of a gate; null for that of a person.
    add column gate_id bigint references environment_gates (id) on delete set null,
    add column is_of_gate boolean not null default false;
