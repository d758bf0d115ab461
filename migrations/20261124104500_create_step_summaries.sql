-- owner: jobs
create table step_summaries (
    job_id bigint not null references jobs (id) on delete cascade,
    step_number integer not null,
    -- Markdown, masked by the runner.
    content text not null,
    primary key (job_id, step_number)
);
