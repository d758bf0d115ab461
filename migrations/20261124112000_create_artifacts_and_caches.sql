-- What jobs keep: artifacts of their run, caches for later runs. The bytes lie in the blob store,
-- under keys that begin with the blob's id.

-- owner: storage
create table blobs (
    id uuid primary key,
    -- Which domain's rows refer to it: `artifact` or `cache`.
    kind text not null check (kind in ('artifact', 'cache')),
    -- `open` takes blocks; `committed` can be read and never changes again.
    state text not null default 'open' check (state in ('open', 'committed', 'discarded')),
    size_bytes bigint not null default 0,
    -- SHA-256 of all bytes, in hex, where it has been computed.
    digest text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create index blobs_discarded_idx on blobs (updated_at) where state = 'discarded';
create index blobs_kind_idx on blobs (kind, created_at) where state <> 'discarded';

-- owner: storage
create table blob_blocks (
    blob_id uuid not null references blobs (id) on delete cascade,
    -- The uploader's name for the block.
    name text not null,
    object_key text not null,
    size_bytes bigint not null,
    -- SHA-256 of the block.
    digest bytea not null,
    -- Where the block begins in the blob; null until it has been committed.
    first_byte bigint,
    primary key (blob_id, name)
);

-- owner: artifacts
create table artifacts (
    id bigint generated always as identity (start with 4001) primary key,
    run_id bigint not null references workflow_runs (id) on delete cascade,
    run_attempt integer not null,
    job_id bigint not null references jobs (id) on delete cascade,
    repository_id bigint not null references repositories (id) on delete cascade,
    name text not null,
    -- `pending` while it is uploaded; nobody else sees it then.
    state text not null default 'pending' check (state in ('pending', 'finalized')),
    -- Null for an artifact of files (`artifact_files`), as clients up to version 3 upload it.
    blob_id uuid references blobs (id),
    mime_type text not null default 'application/zip',
    size_bytes bigint not null default 0,
    -- `sha256:...` of the blob.
    digest text,
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (run_id, run_attempt, name)
);

create index artifacts_repository_idx on artifacts (repository_id, id desc);
create index artifacts_expires_idx on artifacts (expires_at);
create index artifacts_blob_idx on artifacts (blob_id);

-- owner: artifacts
create table artifact_files (
    artifact_id bigint not null references artifacts (id) on delete cascade,
    path text not null,
    blob_id uuid not null references blobs (id),
    -- As the client sent the bytes: `gzip`, or null.
    content_encoding text,
    -- Of the bytes as sent.
    size_bytes bigint not null,
    primary key (artifact_id, path)
);

create index artifact_files_blob_idx on artifact_files (blob_id);

-- owner: caches
create table caches (
    id bigint generated always as identity (start with 5001) primary key,
    repository_id bigint not null references repositories (id) on delete cascade,
    -- The ref whose runs wrote it: `refs/heads/main`.
    scope text not null,
    key text collate "C" not null,
    version text not null,
    -- `reserved` while the job that reserved it uploads.
    state text not null default 'reserved' check (state in ('reserved', 'ready')),
    -- The job that uploads, or uploaded; not a reference, because a cache outlives its run.
    reserved_by bigint not null,
    blob_id uuid not null references blobs (id),
    size_bytes bigint not null default 0,
    created_at timestamptz not null default now(),
    last_accessed_at timestamptz not null default now(),
    unique (repository_id, scope, version, key)
);

-- The newest entry with a prefix, whether few entries have it or nearly all.
create index caches_newest_idx on caches (repository_id, scope, version, created_at desc, id desc)
where state = 'ready';
create index caches_used_idx on caches (repository_id, last_accessed_at) where state = 'ready';
create index caches_blob_idx on caches (blob_id);

-- owner: oidc
create table id_token_keys (
    -- `kid` of the tokens.
    id uuid primary key,
    -- The private key (PKCS #8), encrypted under a key derived from the master key.
    nonce bytea not null,
    ciphertext bytea not null,
    -- Modulus and exponent, as the key set shows them.
    modulus text not null,
    exponent text not null,
    created_at timestamptz not null default now()
);
