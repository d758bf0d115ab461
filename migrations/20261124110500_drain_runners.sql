alter table runners
    -- The runner finishes what it has and is given nothing else.
    add column is_draining boolean not null default false;
