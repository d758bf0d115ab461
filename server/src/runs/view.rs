//! Reading runs and workflows for people and API clients.
//!
//! Never writes and decides nothing.

use chrono::{DateTime, Utc};
use gantry_protocol::{RepositoryId, RunId};
use gantry_workflow::diagnostic::Diagnostic;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::attempts;

/// Larger payloads are not read: a list has up to a hundred runs, and GitHub's payloads up to 25 MB.
const MAX_PAYLOAD_BYTES: i32 = 256 * 1024;

/// A run as it is shown.
#[derive(Clone, Debug)]
pub struct RunView {
    pub id: RunId,
    pub repository_id: RepositoryId,
    pub owner: String,
    pub repository: String,
    pub workflow_id: i64,
    pub workflow_name: String,
    pub workflow_path: String,
    pub run_number: i64,
    pub run_attempt: i32,
    pub event: String,
    pub head_branch: String,
    pub head_sha: String,
    pub display_title: String,
    pub actor: String,
    /// Who asked for this attempt.
    pub triggering_actor: String,
    pub status: String,
    pub conclusion: Option<String>,
    /// In words: why it waits.
    pub status_reason: Option<String>,
    pub run_started_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub diagnostics: Vec<Diagnostic>,
    /// The body of the delivery that caused the run; empty for one that is too large to be read
    /// with every look at the run.
    pub payload: Vec<u8>,
}

/// Which runs to list; an absent field does not restrict.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    pub repository: Option<RepositoryId>,
    pub workflow: Option<i64>,
    pub branch: Option<String>,
    pub event: Option<String>,
    /// A status or a conclusion, as GitHub's parameter takes both.
    pub status: Option<String>,
    pub actor: Option<String>,
    pub head_sha: Option<String>,
    pub created_from: Option<DateTime<Utc>>,
    pub created_before: Option<DateTime<Utc>>,
}

/// A part of a long list.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    pub limit: i64,
    pub offset: i64,
}

/// The newest runs first, and how many match in all.
pub async fn list_runs(
    db: &mut PgConnection,
    filter: &RunFilter,
    slice: Slice,
) -> sqlx::Result<(i64, Vec<RunView>)> {
    let total = count_runs(db, filter).await?;
    let ids = sqlx::query_scalar!(
        "select id
         from workflow_runs
         where ($1::bigint is null or repository_id = $1)
           and ($2::bigint is null or workflow_id = $2)
           and ($3::text is null or head_branch = $3)
           and ($4::text is null or event = $4)
           and ($5::text is null or status = $5 or conclusion = $5)
           and ($6::text is null or lower(actor) = lower($6))
           and ($7::text is null or head_sha = $7)
           and ($8::timestamptz is null or created_at >= $8)
           and ($9::timestamptz is null or created_at < $9)
         order by id desc
         limit $10
         offset $11",
        filter.repository.map(|id| id.0),
        filter.workflow,
        filter.branch,
        filter.event,
        filter.status,
        filter.actor,
        filter.head_sha,
        filter.created_from,
        filter.created_before,
        slice.limit,
        slice.offset
    )
    .fetch_all(&mut *db)
    .await?;
    Ok((total, runs_by_id(db, &ids).await?))
}

/// The repository of the run `id`.
pub async fn repository_of(db: &mut PgConnection, id: RunId) -> sqlx::Result<Option<RepositoryId>> {
    let found = sqlx::query_scalar!("select repository_id from workflow_runs where id = $1", id.0)
        .fetch_optional(db)
        .await?;
    Ok(found.map(RepositoryId))
}

/// The run that a delivery has started; a dispatch starts one at most.
pub async fn run_of_delivery(db: &mut PgConnection, guid: &str) -> sqlx::Result<Option<RunId>> {
    let id =
        sqlx::query_scalar!("select id from workflow_runs where delivery_guid = $1 limit 1", guid)
            .fetch_optional(db)
            .await?;
    Ok(id.map(RunId))
}

/// The run of this number.
pub async fn find_run(db: &mut PgConnection, id: RunId) -> sqlx::Result<Option<RunView>> {
    Ok(runs_by_id(db, &[id.0]).await?.pop())
}

/// The run `id` as it is, or as it was in the attempt `number`.
pub async fn find_attempt(
    db: &mut PgConnection,
    id: RunId,
    number: Option<i32>,
) -> sqlx::Result<Option<RunView>> {
    let Some(run) = find_run(db, id).await? else { return Ok(None) };
    match number {
        Some(number) if number != run.run_attempt => attempts::as_it_was(db, run, number).await,
        _ => Ok(Some(run)),
    }
}

async fn count_runs(db: &mut PgConnection, filter: &RunFilter) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "select count(*) as \"total!\"
         from workflow_runs
         where ($1::bigint is null or repository_id = $1)
           and ($2::bigint is null or workflow_id = $2)
           and ($3::text is null or head_branch = $3)
           and ($4::text is null or event = $4)
           and ($5::text is null or status = $5 or conclusion = $5)
           and ($6::text is null or lower(actor) = lower($6))
           and ($7::text is null or head_sha = $7)
           and ($8::timestamptz is null or created_at >= $8)
           and ($9::timestamptz is null or created_at < $9)",
        filter.repository.map(|id| id.0),
        filter.workflow,
        filter.branch,
        filter.event,
        filter.status,
        filter.actor,
        filter.head_sha,
        filter.created_from,
        filter.created_before
    )
    .fetch_one(db)
    .await
}

pub(super) async fn runs_by_id(db: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<RunView>> {
    let rows = sqlx::query!(
        "select workflow_runs.id, workflow_runs.repository_id, repositories.owner,
                repositories.name as repository, workflow_runs.workflow_id,
                workflows.name as workflow_name, workflows.path as workflow_path,
                workflow_runs.run_number, workflow_runs.run_attempt, workflow_runs.event,
                workflow_runs.head_branch, workflow_runs.head_sha, workflow_runs.display_title,
                workflow_runs.actor,
                coalesce(workflow_runs.triggering_actor, workflow_runs.actor)
                    as \"triggering_actor!\",
                workflow_runs.status, workflow_runs.conclusion,
                workflow_runs.status_reason, workflow_runs.run_started_at,
                workflow_runs.completed_at,
                workflow_runs.created_at, workflow_runs.updated_at,
                workflow_runs.diagnostics as \"diagnostics: Json<Vec<Diagnostic>>\",
                case when octet_length(deliveries.payload) <= $2 then deliveries.payload end
                    as \"payload?\"
         from workflow_runs
         join repositories on repositories.id = workflow_runs.repository_id
         join workflows on workflows.id = workflow_runs.workflow_id
         left join deliveries on deliveries.guid = workflow_runs.delivery_guid
         where workflow_runs.id = any($1)
         order by workflow_runs.id desc",
        ids,
        MAX_PAYLOAD_BYTES
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| RunView {
            id: RunId(row.id),
            repository_id: RepositoryId(row.repository_id),
            owner: row.owner,
            repository: row.repository,
            workflow_id: row.workflow_id,
            workflow_name: row.workflow_name,
            workflow_path: row.workflow_path,
            run_number: row.run_number,
            run_attempt: row.run_attempt,
            event: row.event,
            head_branch: row.head_branch,
            head_sha: row.head_sha,
            display_title: row.display_title,
            actor: row.actor,
            triggering_actor: row.triggering_actor,
            status: row.status,
            conclusion: row.conclusion,
            status_reason: row.status_reason,
            run_started_at: row.run_started_at,
            completed_at: row.completed_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            diagnostics: row.diagnostics.0,
            payload: row.payload.unwrap_or_default(),
        })
        .collect())
}
