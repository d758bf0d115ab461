-- A credential may hold in some repositories only, and its owner can see and revoke it.

alter table access_tokens
    add column name text not null default '',
    -- Null: in every repository, and for what concerns none.
    add column repository_ids bigint[],
    add column last_used_at timestamptz;

alter table sessions
    add column repository_ids bigint[];

alter table login_codes
    add column repository_ids bigint[];
