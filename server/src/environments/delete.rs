//! An environment goes.
//!
//! Invariant: a deployment that waits for its rules does not go on without them; it is rejected, as
//! on GitHub.

use gantry_protocol::RepositoryId;
use gantry_workflow::advance::Review;
use sqlx::Connection as _;

use super::queries::{self, NewReview};
use crate::App;
use crate::background::Topic;
use crate::secrets::{self, Place};

/// What the rejected deployments say.
const COMMENT: &str = "the environment was deleted";

/// Deletes an environment with its secrets, variables and policies; whether there was one.
pub async fn delete(
    app: &App,
    repository: RepositoryId,
    (name, deleted_by): (&str, &str),
) -> sqlx::Result<bool> {
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    for run in queries::runs_waiting_for(&mut transaction, repository, name).await? {
        let review = NewReview {
            run: run.id,
            run_attempt: run.run_attempt,
            head_sha: &run.head_sha,
            environment: name,
            review: Review::Rejected,
            reviewer: deleted_by,
            comment: COMMENT,
            gate_id: None,
        };
        queries::insert_review(&mut transaction, &review).await?;
    }
    let place = Place::Environment(repository, name.to_owned());
    secrets::delete_place(&mut transaction, &place).await?;
    let is_deleted = queries::delete(&mut transaction, repository, name).await?;
    transaction.commit().await?;
    app.wakeups.wake(Topic::Runs);
    Ok(is_deleted)
}
