//! The table of schedules, kept true to the files of the default branch.

use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;
use gantry_workflow::trigger::cron;
use sqlx::{Connection as _, PgConnection};

use super::files::{self, ReadFile};
use crate::App;
use crate::background::Topic;
use crate::repositories::Repository;
use crate::sources::Source;

/// One `cron` line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeclaredSchedule {
    workflow_path: String,
    cron: String,
    timezone: String,
    next_due_at: DateTime<Utc>,
}

/// The schedules of all valid files.
pub(super) fn declared(files: &[ReadFile]) -> Vec<DeclaredSchedule> {
    let now = Utc::now();
    let mut schedules = Vec::new();
    for workflow in files.iter().filter_map(|file| file.workflow.as_ref()) {
        for schedule in workflow.on.iter().flat_map(|trigger| &trigger.schedules) {
            match cron::next_after(&schedule.cron, schedule.timezone.as_deref(), now) {
                Ok(Some(next_due_at)) => schedules.push(DeclaredSchedule {
                    workflow_path: workflow.path.clone(),
                    cron: schedule.cron.clone(),
                    timezone: schedule.timezone.clone().unwrap_or_else(|| "UTC".to_owned()),
                    next_due_at,
                }),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(workflow = workflow.path, "a schedule is left out: {error}");
                }
            }
        }
    }
    schedules
}

/// Makes the repository's schedules equal to `schedules`. One that stays keeps its due time.
pub(super) async fn replace(
    db: &mut PgConnection,
    repository: RepositoryId,
    schedules: &[DeclaredSchedule],
) -> sqlx::Result<()> {
    let paths: Vec<String> = schedules.iter().map(|s| s.workflow_path.clone()).collect();
    let crons: Vec<String> = schedules.iter().map(|s| s.cron.clone()).collect();
    let timezones: Vec<String> = schedules.iter().map(|s| s.timezone.clone()).collect();
    let due: Vec<DateTime<Utc>> = schedules.iter().map(|s| s.next_due_at).collect();
    sqlx::query!(
        "delete from schedules
         where repository_id = $1 and (workflow_path, cron, timezone) not in (
             select *
             from unnest($2::text[], $3::text[], $4::text[])
         )",
        repository.0,
        &paths,
        &crons,
        &timezones,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "insert into schedules (repository_id, workflow_path, cron, timezone, next_due_at)
         select $1, *
         from unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[])
         on conflict (repository_id, workflow_path, cron, timezone) do nothing",
        repository.0,
        &paths,
        &crons,
        &timezones,
        &due,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Reads the default branch now, as a push to it would: for a repository that has just been added.
pub async fn read_default_branch(app: &App, repository: &Repository) -> anyhow::Result<()> {
    let branch = format!("refs/heads/{}", repository.default_branch);
    let mut source = Source::open(app, repository)?;
    let commit = source.commit_id(&branch).await?;
    let files = files::read(&mut source, repository, &commit).await?;
    drop(source);
    let workflows = files::facts(&files);
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    crate::runs::note_workflows(&mut transaction, repository.id, &workflows).await?;
    replace(&mut transaction, repository.id, &declared(&files)).await?;
    transaction.commit().await?;
    app.wakeups.wake(Topic::Deliveries);
    Ok(())
}
