-- The GitHub App that was made by the set-up page.

-- Links of the set-up page that have not been used; an hour old ones are good for nothing.
-- owner: github
create table github_setups (
    state_hash bytea primary key,
    login text not null,
    created_at timestamptz not null default now()
);

-- owner: github
create table github_app (
    is_only boolean primary key default true check (is_only),
    app_id bigint not null,
    slug text not null,
    html_url text not null,
    api_url text not null,
    -- Private key and webhook secret, sealed under the master key.
    nonce bytea not null,
    ciphertext bytea not null,
    created_by text not null,
    created_at timestamptz not null default now()
);
