-- Deleting a run deletes everything that belongs to it. A table that refers to a run or a job says
-- `on delete cascade`; a test looks at all of them.

alter table jobs
    drop constraint jobs_run_id_fkey,
    add constraint jobs_run_id_fkey
        foreign key (run_id) references workflow_runs (id) on delete cascade;

alter table job_needs
    drop constraint job_needs_run_id_fkey,
    add constraint job_needs_run_id_fkey
        foreign key (run_id) references workflow_runs (id) on delete cascade;

alter table steps
    drop constraint steps_job_id_fkey,
    add constraint steps_job_id_fkey
        foreign key (job_id) references jobs (id) on delete cascade;

alter table annotations
    drop constraint annotations_job_id_fkey,
    add constraint annotations_job_id_fkey
        foreign key (job_id) references jobs (id) on delete cascade;

alter table deployment_reviews
    drop constraint deployment_reviews_run_id_fkey,
    add constraint deployment_reviews_run_id_fkey
        foreign key (run_id) references workflow_runs (id) on delete cascade;

alter table log_chunks
    drop constraint log_chunks_job_id_fkey,
    add constraint log_chunks_job_id_fkey
        foreign key (job_id) references jobs (id) on delete cascade;

alter table log_archives
    drop constraint log_archives_job_id_fkey,
    add constraint log_archives_job_id_fkey
        foreign key (job_id) references jobs (id) on delete cascade;

alter table check_runs
    drop constraint check_runs_job_id_fkey,
    add constraint check_runs_job_id_fkey
        foreign key (job_id) references jobs (id) on delete cascade;
