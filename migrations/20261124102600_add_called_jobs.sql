-- Legs of jobs that call a reusable workflow. `called`: its jobs have rows of their own, whose keys
-- begin with the leg (`call/0/build`). Ours, as `blocked`, and never leaves the server.
alter table jobs
drop constraint jobs_status_check,
add constraint jobs_status_check
check (status in ('blocked', 'pending', 'waiting', 'queued', 'in_progress', 'called', 'completed')),
-- The `inputs` of what the leg calls; null for a leg with steps. `json` keeps the order of keys.
add column call_inputs json,
-- Set while the row only holds called jobs together, and is not shown.
add column called_at timestamptz;
