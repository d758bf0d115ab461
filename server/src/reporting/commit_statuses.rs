//! Jobs as commit statuses, for tools that know nothing of check runs. A setting of the repository.

use anyhow::Context as _;
use gantry_protocol::JobId;
use serde_json::{Value, json};

use super::queries;
use super::sync::Sent;
use super::wanted::{ReportedJob, details_url};
use crate::App;

/// GitHub's limit.
const MAX_DESCRIPTION_CHARACTERS: usize = 140;

/// GitHub shows the newest status of a context, so one that is sent twice does no harm.
pub(super) async fn send(app: &App, job: JobId) -> anyhow::Result<Sent> {
    let mut db = app.db.acquire().await.context("reading a job to report")?;
    let found = queries::find_job(&mut db, job).await.context("reading a job to report")?;
    drop(db);
    let Some(facts) = found else { return Ok(Ok(())) };
    let Some(body) = status(&facts, &app.config.public_url) else { return Ok(Ok(())) };
    let client = match app.github.for_installation(facts.installation) {
        Ok(client) => client,
        Err(error) => return Ok(Err(error)),
    };
    let path = format!("/repos/{}/{}/statuses/{}", facts.owner, facts.repository, facts.head_sha);
    client.wait_for_turn().await;
    Ok(client.post_only(&path, &body).await)
}

/// `None` while the job is not part of the run's visible jobs.
fn status(job: &ReportedJob, public_url: &str) -> Option<Value> {
    let state = match (job.status.as_str(), job.conclusion.as_deref()) {
        ("blocked", _) => return None,
        // A required status of a job that did not have to run is met, as with a check run.
        ("completed", Some("success" | "skipped" | "neutral")) => "success",
        ("completed", Some("failure")) => "failure",
        ("completed", _) => "error",
        _ => "pending",
    };
    let state = if job.is_shadow && job.status == "completed" { "success" } else { state };
    let described = job.conclusion.as_deref().unwrap_or(&job.status).replace('_', " ");
    let description = match &job.reason {
        Some(reason) => format!("{described}: {reason}"),
        None => described,
    };
    Some(json!({
        "state": state,
        "context": job.name,
        "description": description.chars().take(MAX_DESCRIPTION_CHARACTERS).collect::<String>(),
        "target_url": details_url(job, public_url),
    }))
}
