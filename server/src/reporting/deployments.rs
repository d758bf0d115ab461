//! Jobs with an environment as deployments of GitHub.

use anyhow::Context as _;
use gantry_protocol::JobId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::queries;
use super::sync::Sent;
use super::wanted::{ReportedJob, details_url};
use crate::App;
use crate::github::{Client, GitHubError};

/// Marks deployments of ours; GitHub gives it back with each.
const PAYLOAD_KEY: &str = "gantry_job";

#[derive(Deserialize)]
struct Deployment {
    id: i64,
    #[serde(default)]
    payload: Value,
}

/// Creates the deployment when the job begins to wait, and adds a status at each change.
pub(super) async fn send(app: &App, job: JobId, is_retry: bool) -> anyhow::Result<Sent> {
    let mut db = app.db.acquire().await.context("reading a deployment")?;
    let found = queries::find_job(&mut db, job).await.context("reading a deployment")?;
    let known = queries::find_deployment(&mut db, job).await.context("reading a deployment")?;
    drop(db);
    let Some(facts) = found else { return Ok(Ok(())) };
    let Some(state) = state(&facts, known.is_some()) else { return Ok(Ok(())) };
    let (known, reported) = known.map_or((None, None), |it| (Some(it.0), it.1));
    if reported.as_deref() == Some(state) {
        return Ok(Ok(()));
    }
    let client = match app.github.for_installation(facts.installation) {
        Ok(client) => client,
        Err(error) => return Ok(Err(error)),
    };
    let id = match known {
        Some(id) => id,
        None => match create(&client, &facts, is_retry).await {
            Ok(id) => id,
            Err(error) => return Ok(Err(error)),
        },
    };
    if known.is_none() {
        store(app, job, (id, None)).await?;
    }
    if let Err(error) = add_status(app, &client, (&facts, id, state)).await {
        return Ok(Err(error));
    }
    store(app, job, (id, Some(state))).await?;
    Ok(Ok(()))
}

async fn store(app: &App, job: JobId, deployment: (i64, Option<&str>)) -> anyhow::Result<()> {
    let mut db = app.db.acquire().await.context("storing a deployment")?;
    queries::store_deployment(&mut db, job, deployment).await.context("storing a deployment")
}

/// `None` for what GitHub need not know: a job that was never about to deploy.
fn state(job: &ReportedJob, is_known: bool) -> Option<&'static str> {
    Some(match (job.status.as_str(), job.conclusion.as_deref()) {
        ("waiting", _) => "pending",
        ("queued", _) => "queued",
        ("in_progress", _) => "in_progress",
        ("completed", Some("success")) => "success",
        ("completed", Some("skipped")) if !is_known => return None,
        ("completed", Some("skipped" | "cancelled")) => "inactive",
        ("completed", Some("failure")) => "failure",
        ("completed", _) => "error",
        _ => return None,
    })
}

async fn create(client: &Client, job: &ReportedJob, is_retry: bool) -> Result<i64, GitHubError> {
    let path = format!("/repos/{}/{}/deployments", job.owner, job.repository);
    let environment = job.environment.as_deref().unwrap_or_default();
    if is_retry {
        let found = client.list(&format!("{path}?sha={}", job.head_sha), "", 100).await?;
        let found = found.into_iter().filter_map(|it| serde_json::from_value(it).ok());
        let own = |it: &Deployment| it.payload[PAYLOAD_KEY] == json!(job.job);
        if let Some(found) = found.filter(own).map(|it| it.id).next() {
            return Ok(found);
        }
    }
    let body = json!({
        "ref": job.head_sha,
        "task": "deploy",
        "environment": environment,
        "payload": { PAYLOAD_KEY: job.job },
        // Otherwise GitHub merges the default branch, or refuses while a check is not green.
        "auto_merge": false,
        "required_contexts": [],
    });
    client.wait_for_turn().await;
    Ok(client.post::<Deployment>(&path, &body).await?.id)
}

async fn add_status(
    app: &App,
    client: &Client,
    (job, id, state): (&ReportedJob, i64, &str),
) -> Result<(), GitHubError> {
    let path = format!("/repos/{}/{}/deployments/{id}/statuses", job.owner, job.repository);
    let mut body = json!({ "state": state, "log_url": details_url(job, &app.config.public_url) });
    if let Some(url) = job.environment_url.as_deref().filter(|url| url.starts_with("http")) {
        body["environment_url"] = url.into();
    }
    client.wait_for_turn().await;
    client.post_only(&path, &body).await
}
