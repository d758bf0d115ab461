-- How far GitHub's list of deliveries has been compared with ours.

-- owner: deliveries
create table hook_positions (
    is_only boolean primary key default true check (is_only),
    read_to timestamptz not null
);
