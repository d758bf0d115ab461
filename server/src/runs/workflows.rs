//! SQL on `workflows`: the files that have had runs.

use std::collections::BTreeSet;

use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

use crate::db::clean;

/// Longest name kept, in bytes.
const MAX_NAME_BYTES: usize = 4096;

/// A workflow file as a thing of its own.
#[derive(Clone, Debug)]
pub struct WorkflowRow {
    pub id: i64,
    pub path: String,
    pub name: String,
}

/// What a file of the default branch says of itself.
#[derive(Clone, Debug)]
pub struct WorkflowFileFacts {
    pub path: String,
    pub name: String,
    /// It has `on: workflow_run`.
    pub listens_to_runs: bool,
}

/// Makes the workflow known under its newest name, and takes the next number of a run.
pub(super) async fn next_run_number(
    db: &mut PgConnection,
    repository: RepositoryId,
    path: &str,
    name: &str,
) -> sqlx::Result<(i64, i64)> {
    let row = sqlx::query!(
        "insert into workflows (repository_id, path, name, last_run_number)
         values ($1, $2, $3, 1)
         on conflict (repository_id, path) do update
         set name = excluded.name,
             last_run_number = workflows.last_run_number + 1,
             updated_at = clock_timestamp()
         returning id, last_run_number",
        repository.0,
        path,
        clean(name, MAX_NAME_BYTES),
    )
    .fetch_one(db)
    .await?;
    Ok((row.id, row.last_run_number))
}

/// Makes workflow files known that have not had a run yet; a known one gets its newest name.
pub async fn note_workflows(
    db: &mut PgConnection,
    repository: RepositoryId,
    files: &[WorkflowFileFacts],
) -> sqlx::Result<()> {
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let names: Vec<String> = files.iter().map(|file| clean(&file.name, MAX_NAME_BYTES)).collect();
    let listens: Vec<bool> = files.iter().map(|file| file.listens_to_runs).collect();
    sqlx::query!(
        "insert into workflows (repository_id, path, name, listens_to_runs)
         select $1, path, name, listens
         from unnest($2::text[], $3::text[], $4::bool[]) as files (path, name, listens)
         on conflict (repository_id, path) do update
         set name = excluded.name,
             listens_to_runs = excluded.listens_to_runs,
             state = case workflows.state when 'deleted' then 'active' else workflows.state end,
             updated_at = clock_timestamp()
         where workflows.name <> excluded.name or workflows.state = 'deleted'
             or workflows.listens_to_runs <> excluded.listens_to_runs",
        repository.0,
        &paths,
        &names,
        &listens,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update workflows
         set state = 'deleted', updated_at = clock_timestamp()
         where repository_id = $1 and state = 'active' and path <> all($2)",
        repository.0,
        &paths,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A workflow by its number, its path, or the name of its file.
pub async fn find_workflow(
    db: &mut PgConnection,
    repository: RepositoryId,
    id_or_file: &str,
) -> sqlx::Result<Option<WorkflowRow>> {
    sqlx::query_as!(
        WorkflowRow,
        r"select id, path, name
         from workflows
         where repository_id = $1
             and (id::text = $2 or path = $2 or substring(path from '[^/]*$') = $2)
         order by id
         limit 1",
        repository.0,
        id_or_file,
    )
    .fetch_optional(db)
    .await
}

/// The files that somebody has disabled: they start nothing.
pub async fn disabled_workflows(
    db: &mut PgConnection,
    repository: RepositoryId,
) -> sqlx::Result<BTreeSet<String>> {
    let paths = sqlx::query_scalar!(
        "select path
         from workflows
         where repository_id = $1 and state = 'disabled_manually'",
        repository.0,
    )
    .fetch_all(db)
    .await?;
    Ok(paths.into_iter().collect())
}

/// Disables a workflow or enables it again. A deleted one stays deleted.
pub async fn set_workflow_enabled(
    db: &mut PgConnection,
    workflow_id: i64,
    is_enabled: bool,
) -> sqlx::Result<()> {
    let state = if is_enabled { "active" } else { "disabled_manually" };
    sqlx::query!(
        "update workflows
         set state = $2, updated_at = clock_timestamp()
         where id = $1 and state not in ('deleted', $2)",
        workflow_id,
        state,
    )
    .execute(db)
    .await?;
    Ok(())
}
