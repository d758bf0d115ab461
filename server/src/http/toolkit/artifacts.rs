//! `ArtifactService`: artifacts of clients from version 4 on.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Job;
use super::downloads::path_of_artifact;
use super::links;
use super::twirp::{self, Answer, TwirpError, int64};
use crate::App;
use crate::artifacts::{self, ArtifactFilter, ArtifactView, Finalization, NewArtifact};
use crate::http::links::Links;
use crate::tokens::JobCaller;

/// Of all methods; each reads what it needs.
#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default, alias = "workflowRunBackendId")]
    workflow_run_backend_id: String,
    #[serde(default)]
    name: String,
    #[serde(default, alias = "expiresAt")]
    expires_at: Option<DateTime<Utc>>,
    #[serde(default, alias = "mimeType")]
    mime_type: Option<String>,
    #[serde(default, deserialize_with = "int64")]
    size: Option<i64>,
    #[serde(default)]
    hash: Option<String>,
    #[serde(default, alias = "nameFilter")]
    name_filter: Option<String>,
    #[serde(default, alias = "idFilter", deserialize_with = "int64")]
    id_filter: Option<i64>,
}

/// `POST /twirp/github.actions.results.api.v1.ArtifactService/{method}`.
pub(super) async fn call(
    State(app): State<App>,
    Job(caller): Job,
    Path(method): Path<String>,
    links: Links,
    body: Bytes,
) -> Answer {
    let message: Message = twirp::read(&body)?;
    let run = &message.workflow_run_backend_id;
    if !run.is_empty() && *run != caller.run.to_string() {
        return Err(TwirpError::denied("a job reads and writes the artifacts of its own run"));
    }
    match method.as_str() {
        "CreateArtifact" => create(&app, &caller, &links, message).await,
        "FinalizeArtifact" => finalize(&app, &caller, message).await,
        "ListArtifacts" => list(&app, &caller, message).await,
        "GetSignedArtifactURL" => signed_url(&app, &caller, &links, message).await,
        "DeleteArtifact" => delete(&app, &caller, message).await,
        _ => Err(TwirpError::bad_route()),
    }
}

async fn create(app: &App, caller: &JobCaller, links: &Links, message: Message) -> Answer {
    let artifact = NewArtifact {
        name: message.name,
        expires_at: message.expires_at,
        mime_type: message.mime_type,
    };
    let blob = artifacts::create(app, caller, &artifact).await?;
    let url = links::upload(app, &links.origin, blob);
    Ok(Json(json!({ "ok": true, "signed_upload_url": url })))
}

async fn finalize(app: &App, caller: &JobCaller, message: Message) -> Answer {
    let said = Finalization {
        name: message.name,
        size_bytes: message.size.unwrap_or_default(),
        hash: message.hash.filter(|hash| !hash.is_empty()),
    };
    let id = artifacts::finalize(app, caller, &said).await?;
    Ok(Json(json!({ "ok": true, "artifact_id": id.to_string() })))
}

async fn list(app: &App, caller: &JobCaller, message: Message) -> Answer {
    let found = of_run(app, caller, (message.name_filter, message.id_filter)).await?;
    let found: Vec<_> = found.iter().map(artifact_json).collect();
    Ok(Json(json!({ "artifacts": found })))
}

async fn signed_url(app: &App, caller: &JobCaller, links: &Links, message: Message) -> Answer {
    let found = of_run(app, caller, (Some(message.name), None)).await?;
    // That of the newest attempt.
    let newest = found.first().ok_or_else(|| TwirpError::not_found("artifact not found"))?;
    let url = links::download(app, &links.origin, &path_of_artifact(newest.id));
    Ok(Json(json!({ "signed_url": url })))
}

async fn delete(app: &App, caller: &JobCaller, message: Message) -> Answer {
    let mut db = app.db.acquire().await?;
    let id = artifacts::delete_by_name(&mut db, caller, &message.name).await?;
    let id = id.ok_or_else(|| TwirpError::not_found("artifact not found"))?;
    Ok(Json(json!({ "ok": true, "artifact_id": id.to_string() })))
}

async fn of_run(
    app: &App,
    caller: &JobCaller,
    (name, id): (Option<String>, Option<i64>),
) -> Result<Vec<ArtifactView>, TwirpError> {
    let filter = ArtifactFilter { run: Some(caller.run), name, id };
    let mut db = app.db.acquire().await?;
    Ok(artifacts::list(&mut db, caller.repository, &filter).await?)
}

fn artifact_json(artifact: &ArtifactView) -> Value {
    json!({
        "workflow_run_backend_id": artifact.run.to_string(),
        "workflow_job_run_backend_id": artifact.job.to_string(),
        "database_id": artifact.id.to_string(),
        "name": artifact.name,
        "size": artifact.size_bytes.to_string(),
        "created_at": artifact.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "digest": artifact.digest,
    })
}
