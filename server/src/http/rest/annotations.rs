//! Annotations of a job in GitHub's shape. A job's id is also that of its check run.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use gantry_protocol::JobId;
use serde_json::{Value, json};

use super::jobs::{self, JobPath};
use super::paging::Page;
use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, Repo};
use crate::http::links::Links;
use crate::jobs::annotation_view::{AnnotationView, annotations_of_jobs};

/// `GET .../check-runs/{job}/annotations`.
pub(crate) async fn list(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<JobPath>,
    (links, page): (Links, Page),
) -> Result<Response, ApiError> {
    let (run, job) = jobs::find(&app, &repository, JobId(path.job)).await?;
    let mut db = app.db.acquire().await?;
    let annotations =
        annotations_of_jobs(&mut db, &[job.id]).await?.remove(&job.id).unwrap_or_default();
    let total = i64::try_from(annotations.len()).unwrap_or(i64::MAX);
    let blobs = format!("{}/blob/{}", links.repository(&run.owner, &run.repository), run.head_sha);
    let body: Vec<_> = page.cut(annotations).iter().map(|it| annotation_json(&blobs, it)).collect();
    Ok(page.answer(total, Json(body)))
}

fn annotation_json(blobs: &str, annotation: &AnnotationView) -> Value {
    // GitHub shows an annotation without a place at the first line of `.github`.
    let path = annotation.path.as_deref().unwrap_or(".github");
    let start_line = annotation.start_line.unwrap_or(1);
    json!({
        "path": path,
        "start_line": start_line,
        "end_line": annotation.end_line.unwrap_or(start_line),
        "start_column": annotation.start_column,
        "end_column": annotation.end_column,
        "annotation_level": annotation.level,
        "title": annotation.title.as_deref().unwrap_or_default(),
        "message": annotation.message,
        "raw_details": "",
        "blob_href": format!("{blobs}/{path}"),
    })
}
