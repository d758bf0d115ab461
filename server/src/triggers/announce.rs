//! What happens to our own runs becomes `workflow_run` deliveries, by the same door as all others.
//!
//! Invariant: at most [`MAX_CHAIN`] levels of runs that start each other (`semantics` 3.5).

use gantry_protocol::RunId;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::App;
use crate::background::Topic;
use crate::deliveries::{self, NewDelivery, Source};
use crate::repositories::{self, Repository};
use crate::runs::view::{self, RunView};
use crate::runs::{self, RunNews, cause};

/// GitHub's limit: the run at this level is the last one.
const MAX_CHAIN: usize = 3;

/// Deliveries made in one transaction.
const BATCH: i64 = 100;

/// What begins the guid of a delivery about a run.
const GUID_PREFIX: &str = "run-";

/// Tells of what has happened to runs since the last pass.
pub async fn announce_runs(app: &App) -> anyhow::Result<u64> {
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    let news = runs::take_run_news(&mut transaction, BATCH).await?;
    for one in &news {
        announce(&mut transaction, app, one).await?;
    }
    transaction.commit().await?;
    if !news.is_empty() {
        app.wakeups.wake(Topic::Deliveries);
    }
    Ok(u64::try_from(news.len())?)
}

async fn announce(db: &mut PgConnection, app: &App, news: &RunNews) -> anyhow::Result<()> {
    let run = news.attempt.run;
    if level(db, run).await? >= MAX_CHAIN {
        tracing::info!(run.id = run.0, "a chain of workflows has its greatest length");
        return Ok(());
    }
    let Some(view) = view::find_attempt(db, run, Some(news.attempt.number)).await? else {
        return Ok(());
    };
    let Some(repository) = repositories::find_by_id(db, view.repository_id).await? else {
        return Ok(());
    };
    let caused_by = cause::payload_of_run(db, run).await?.unwrap_or_default();
    let caused_by: Value = serde_json::from_slice(&caused_by).unwrap_or_default();
    let about = About {
        run: &view,
        action: &news.action,
        repository: &repository,
        head_repository: caused_by.pointer("/pull_request/head/repo"),
    };
    let payload = about.payload(&app.config.public_url).to_string();
    let guid = format!("{GUID_PREFIX}{run}-{}-{}", news.attempt.number, news.action);
    let delivery = NewDelivery {
        guid: &guid,
        source: Source::Run,
        event: "workflow_run",
        payload: payload.as_bytes(),
    };
    deliveries::store(db, delivery).await?;
    Ok(())
}

/// How many runs stand before this one in its chain.
async fn level(db: &mut PgConnection, mut run: RunId) -> sqlx::Result<usize> {
    for level in 0..MAX_CHAIN {
        let before = match cause::delivery_of_run(db, run).await? {
            Some((event, guid)) if event == "workflow_run" => run_of(&guid),
            _ => return Ok(level),
        };
        // GitHub told of a run of its own.
        let Some(before) = before else { return Ok(level + 1) };
        run = before;
    }
    Ok(MAX_CHAIN)
}

fn run_of(guid: &str) -> Option<RunId> {
    guid.strip_prefix(GUID_PREFIX)?.split('-').next()?.parse().ok().map(RunId)
}

/// What a delivery tells of.
struct About<'a> {
    run: &'a RunView,
    action: &'a str,
    repository: &'a Repository,
    /// Of the pull request that the run is for; may be a fork, or null when that is gone.
    head_repository: Option<&'a Value>,
}

impl About<'_> {
    fn payload(&self, public_url: &str) -> Value {
        let repository = repository_json(self.repository);
        json!({
            "action": self.action,
            "workflow_run": self.workflow_run(public_url),
            "workflow": {
                "id": self.run.workflow_id,
                "name": self.run.workflow_name,
                "path": self.run.workflow_path,
                "state": "active",
            },
            "repository": repository,
            "sender": { "login": self.run.triggering_actor },
        })
    }

    fn workflow_run(&self, public_url: &str) -> Value {
        let Self { run, repository, .. } = self;
        let full_name = repository.full_name();
        let api = format!("{public_url}/api/v3/repos/{full_name}/actions/runs/{}", run.id);
        // The run may have gone on since.
        let (status, conclusion) = match self.action {
            "completed" => ("completed", run.conclusion.as_deref()),
            "in_progress" => ("in_progress", None),
            _ => ("queued", None),
        };
        let own = repository_json(repository);
        json!({
            "id": run.id,
            "name": run.workflow_name,
            "path": run.workflow_path,
            "workflow_id": run.workflow_id,
            "run_number": run.run_number,
            "run_attempt": run.run_attempt,
            "display_title": run.display_title,
            "event": run.event,
            "status": status,
            "conclusion": conclusion,
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
            "head_commit": { "id": run.head_sha },
            "head_repository": self.head_repository.unwrap_or(&own),
            "repository": own,
            "actor": { "login": run.actor },
            "triggering_actor": { "login": run.triggering_actor },
            "pull_requests": [],
            "url": api,
            "html_url": format!("{public_url}/{full_name}/actions/runs/{}", run.id),
            "jobs_url": format!("{api}/jobs"),
            "logs_url": format!("{api}/logs"),
            "artifacts_url": format!("{api}/artifacts"),
            "cancel_url": format!("{api}/cancel"),
            "rerun_url": format!("{api}/rerun"),
            "created_at": run.created_at,
            "updated_at": run.updated_at,
            "run_started_at": run.run_started_at,
        })
    }
}

fn repository_json(repository: &Repository) -> Value {
    json!({
        "id": repository.github().map_or(repository.id.0, |github| github.id),
        "name": repository.name,
        "full_name": repository.full_name(),
        "default_branch": repository.default_branch,
        "owner": { "login": repository.owner },
    })
}

#[cfg(test)]
mod tests {
    use gantry_protocol::RunId;

    use super::run_of;

    #[test]
    fn a_delivery_about_a_run_names_it() {
        assert_eq!(run_of("run-17-2-completed"), Some(RunId(17)));
        assert_eq!(run_of("8f3c1f70-0f2d-11f0-8000-000000000000"), None);
    }
}
