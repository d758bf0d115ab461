-- Tokens of GitHub that were made for jobs, until they are revoked.

-- owner: github
create table github_job_tokens (
    -- SHA-256, to know a job by its token.
    token_hash bytea primary key,
    job_id bigint not null references jobs (id) on delete cascade,
    -- The hand-out it was made for.
    lease_token bigint not null,
    nonce bytea not null,
    ciphertext bytea not null,
    expires_at timestamptz not null,
    created_at timestamptz not null default now()
);

create index github_job_tokens_job_idx on github_job_tokens (job_id);
