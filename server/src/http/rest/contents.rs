//! Files of a repository in GitHub's shape; `gh` shows workflow files by it.
//!
//! Files only, and none that is larger than a workflow file may be; a folder is not found.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, ApiQuery, Repo};
use crate::http::links::Links;
use crate::repositories::Repository;
use crate::sources::{File, Source, SourceError};

/// `?ref=`: a branch, a tag or a full commit id; the default branch when absent.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ContentsQuery {
    r#ref: Option<String>,
}

/// `{path}` of a path.
#[derive(Debug, Deserialize)]
pub(crate) struct FilePath {
    path: String,
}

/// `GET .../contents/{path}`.
pub(crate) async fn get(
    Repo(repository): Repo,
    State(app): State<App>,
    (ApiPath(path), ApiQuery(query)): (ApiPath<FilePath>, ApiQuery<ContentsQuery>),
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let asked = query.r#ref.filter(|name| !name.is_empty());
    let asked = asked.unwrap_or_else(|| repository.default_branch.clone());
    let mut source = Source::open(&app, &repository)?;
    let name = source.resolve(&asked).await?.map(|(name, _)| name);
    let commit = match source.commit_id(name.as_deref().unwrap_or(&asked)).await {
        Err(error) if error.is_missing() => {
            return Err(ApiError::not_found_with(format!("No commit found for the ref {asked}")));
        }
        found => found?,
    };
    let path = path.path.trim_matches('/');
    let file = source.file(&commit, path).await?.ok_or_else(ApiError::not_found)?;
    Ok(Json(file_json(&links, &repository, (path, &asked, &file))))
}

fn file_json(
    links: &Links,
    repository: &Repository,
    (path, git_ref, file): (&str, &str, &File),
) -> Value {
    let api = links.repository(&repository.owner, &repository.name);
    let url = format!("{api}/contents/{path}?ref={git_ref}");
    let git_url = format!("{api}/git/blobs/{}", file.id);
    let html_url = format!("{}/{}/blob/{git_ref}/{path}", links.pages, repository.full_name());
    json!({
        "type": "file",
        "encoding": "base64",
        "size": file.bytes.len(),
        "name": path.rsplit('/').next(),
        "path": path,
        "content": STANDARD.encode(&file.bytes),
        "sha": file.id,
        "url": url,
        "git_url": git_url,
        "html_url": html_url,
        "download_url": null,
        "_links": { "self": url, "git": git_url, "html": html_url },
    })
}

impl From<SourceError> for ApiError {
    fn from(error: SourceError) -> Self {
        anyhow::Error::from(error).into()
    }
}
