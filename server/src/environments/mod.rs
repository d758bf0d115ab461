//! Environments, their rules, and the reviews of deployments.

pub mod view;

use gantry_protocol::{RepositoryId, RunId};
use gantry_workflow::advance::Review;
use sqlx::PgConnection;

use crate::App;

#[derive(Clone, Debug)]
pub struct ReviewRequest {
    pub run: RunId,
    pub environments: Vec<String>,
    pub review: Review,
    pub reviewer: String,
    pub comment: String,
    pub head_sha: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    #[error("there is no such run")]
    NotFound,
    #[error("nothing waits")]
    NotWaiting,
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

pub async fn review(app: &App, request: ReviewRequest) -> Result<(), ReviewError> {
    let _ = (app, request);
    Err(ReviewError::NotFound)
}

pub async fn set_rules(
    db: &mut PgConnection,
    repository: RepositoryId,
    name: &str,
    review_required: bool,
) -> anyhow::Result<()> {
    let _ = (db, repository, name, review_required);
    anyhow::bail!("not here")
}
