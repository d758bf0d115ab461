//! What a person needs to start a workflow by hand: branches, files, and typed inputs.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, ApiQuery, Repo};
use crate::http::rest::workflows::WorkflowPath;
use crate::repositories::Repository;
use crate::sources::Source;
use crate::triggers;

/// `?ref=`: a branch or a tag; the default branch when absent or empty.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct RefQuery {
    r#ref: Option<String>,
}

impl RefQuery {
    fn or_default<'a>(&'a self, repository: &'a Repository) -> &'a str {
        self.r#ref.as_deref().filter(|name| !name.is_empty()).unwrap_or(&repository.default_branch)
    }
}

/// `GET /api/gantry/repositories/{owner}/{repo}/refs`.
pub(crate) async fn refs(
    State(app): State<App>,
    Repo(repository): Repo,
) -> Result<Json<Value>, ApiError> {
    let refs = Source::open(&app, &repository)?.refs().await?;
    Ok(Json(json!({
        "default_branch": repository.default_branch,
        "branches": refs.branches,
        "tags": refs.tags,
    })))
}

/// `GET /api/gantry/repositories/{owner}/{repo}/workflow-files`: what starts each file, and what is
/// wrong with it.
pub(crate) async fn workflow_files(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiQuery(query): ApiQuery<RefQuery>,
) -> Result<Json<Value>, ApiError> {
    let (sha, files) = triggers::inspect(&app, &repository, query.or_default(&repository)).await?;
    let files: Vec<_> = files
        .iter()
        .map(|file| {
            json!({
                "path": file.path,
                "name": file.name,
                "events": file.events,
                "diagnostics": file.diagnostics,
            })
        })
        .collect();
    Ok(Json(json!({ "sha": sha, "files": files })))
}

/// `GET /api/gantry/repositories/{owner}/{repo}/workflows/{workflow}/dispatch`.
pub(crate) async fn get(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<WorkflowPath>,
    ApiQuery(query): ApiQuery<RefQuery>,
) -> Result<Json<Value>, ApiError> {
    let git_ref = query.or_default(&repository);
    let form = triggers::dispatch_form(&app, (&repository, &path.workflow), git_ref).await?;
    Ok(Json(json!({
        "ref": form.git_ref,
        "sha": form.sha,
        "path": form.path,
        "name": form.name,
        "inputs": form.inputs,
    })))
}
