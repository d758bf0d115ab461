//! Rows as other parts of the server would have written them.

use gantry_protocol::{JobId, RepositoryId, RunId};
use sqlx::PgPool;

/// Inserts rows.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    db: &'a PgPool,
}

/// A job to insert.
#[derive(Clone, Debug)]
pub(crate) struct NewJob<'a> {
    pub(crate) key: &'a str,
    pub(crate) status: &'a str,
    pub(crate) conclusion: Option<&'a str>,
    pub(crate) environment: Option<&'a str>,
}

impl<'a> NewJob<'a> {
    pub(crate) fn new(key: &'a str, status: &'a str) -> Self {
        Self { key, status, conclusion: None, environment: None }
    }

    pub(crate) fn concluded(self, conclusion: &'a str) -> Self {
        Self { conclusion: Some(conclusion), ..self }
    }

    pub(crate) fn to(self, environment: &'a str) -> Self {
        Self { environment: Some(environment), ..self }
    }
}

impl<'a> Rows<'a> {
    pub(crate) fn new(db: &'a PgPool) -> Self {
        Self { db }
    }

    /// `acme/app`, with its files at `path`.
    pub(crate) async fn repository(&self, path: &str) -> RepositoryId {
        self.named_repository("app", path).await
    }

    /// Another repository of `acme`.
    pub(crate) async fn named_repository(&self, name: &str, path: &str) -> RepositoryId {
        let id = sqlx::query_scalar(
            "insert into repositories (owner, name, default_branch, local_path)
             values ('acme', $1, 'main', $2)
             returning id",
        )
        .bind(name)
        .bind(path)
        .fetch_one(self.db)
        .await
        .expect("a repository");
        RepositoryId(id)
    }

    /// A run of `ci.yml` for a push with this delivery id.
    pub(crate) async fn run(&self, repository: RepositoryId, guid: &str, status: &str) -> RunId {
        let workflow: i64 = sqlx::query_scalar(
            "insert into workflows (repository_id, path, name, last_run_number)
             values ($1, '.github/workflows/ci.yml', 'CI', 1)
             on conflict (repository_id, path) do update
             set last_run_number = workflows.last_run_number + 1
             returning id",
        )
        .bind(repository.0)
        .fetch_one(self.db)
        .await
        .expect("a workflow");
        self.delivery(guid).await;
        let id = sqlx::query_scalar(
            "insert into workflow_runs (repository_id, workflow_id, delivery_guid, run_number,
                 event, head_branch, head_sha, git_ref, display_title, actor, status, conclusion,
                 completed_at)
             select $1, $2, $3, last_run_number, 'push', 'main', $4, 'refs/heads/main',
                 'Add the thing', 'octocat', $5,
                 case when $5 = 'completed' then 'success' end,
                 case when $5 = 'completed' then now() end
             from workflows
             where id = $2
             returning id",
        )
        .bind(repository.0)
        .bind(workflow)
        .bind(guid)
        .bind("a".repeat(40))
        .bind(status)
        .fetch_one(self.db)
        .await
        .expect("a run");
        RunId(id)
    }

    async fn delivery(&self, guid: &str) {
        let payload = serde_json::json!({
            "head_commit": {
                "id": "a".repeat(40),
                "tree_id": "b".repeat(40),
                "message": "Add the thing\n\nBecause.",
                "timestamp": "2026-01-02T03:04:05+01:00",
                "author": { "name": "Mona", "email": "mona@example.com" },
                "committer": { "name": "Mona", "email": "mona@example.com" },
            },
        });
        sqlx::query(
            "insert into deliveries (guid, source, event, payload, status, completed_at)
             values ($1, 'webhook', 'push', $2, 'processed', now())",
        )
        .bind(guid)
        .bind(payload.to_string().into_bytes())
        .execute(self.db)
        .await
        .expect("a delivery");
    }

    pub(crate) async fn job(&self, run: RunId, job: NewJob<'_>) -> JobId {
        let id = sqlx::query_scalar(
            "insert into jobs (run_id, job_key, name, status, conclusion, environment, runs_on,
                 started_at, completed_at, lease_token)
             values ($1, $2, $2, $3, $4, $5, array['ubuntu-latest'],
                 case when $3 in ('in_progress', 'completed') then now() end,
                 case when $3 = 'completed' then now() end,
                 1)
             returning id",
        )
        .bind(run.0)
        .bind(job.key)
        .bind(job.status)
        .bind(job.conclusion)
        .bind(job.environment)
        .fetch_one(self.db)
        .await
        .expect("a job");
        JobId(id)
    }

    pub(crate) async fn step(&self, job: JobId, number: i32, name: &str) {
        sqlx::query(
            "insert into steps (job_id, number, revision, name, status, conclusion, outcome,
                 started_at, completed_at)
             values ($1, $2, 1, $3, 'completed', 'success', 'success', now(), now())",
        )
        .bind(job.0)
        .bind(number)
        .bind(name)
        .execute(self.db)
        .await
        .expect("a step");
    }

    pub(crate) async fn log_chunk(&self, job: JobId, sequence: i64, text: &str) {
        sqlx::query(
            "insert into log_chunks (job_id, sequence, step_number, first_line, n_lines, content)
             values ($1, $2, 1, $2, 1, $3)",
        )
        .bind(job.0)
        .bind(sequence)
        .bind(text.as_bytes())
        .execute(self.db)
        .await
        .expect("a log chunk");
    }

    pub(crate) async fn annotation(&self, job: JobId, message: &str) {
        sqlx::query("insert into annotations (job_id, level, message) values ($1, 'failure', $2)")
            .bind(job.0)
            .bind(message)
            .execute(self.db)
            .await
            .expect("an annotation");
    }

    /// Any other change.
    pub(crate) async fn execute(&self, sql: &'static str, id: i64) {
        sqlx::query(sql).bind(id).execute(self.db).await.expect("a change");
    }
}
