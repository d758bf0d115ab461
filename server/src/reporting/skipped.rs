//! Workflows that a filter kept from starting: their jobs are `skipped`, so that required checks resolve.

use anyhow::Context as _;
use serde_json::Value;

use super::check_runs::create_once;
use super::sync::Sent;
use super::want::SkippedWorkflow;
use super::wanted::{Place, wanted_for_skipped};
use crate::App;
use crate::repositories;

/// Sent once and for all.
pub(super) async fn send(app: &App, payload: &Value) -> anyhow::Result<Sent> {
    let skipped: SkippedWorkflow =
        serde_json::from_value(payload.clone()).context("reading a skipped workflow")?;
    let mut db = app.db.acquire().await.context("reading the repository of a report")?;
    let found = repositories::find_by_id(&mut db, skipped.repository_id).await;
    let found = found.context("reading the repository of a report")?;
    drop(db);
    let Some(repository) = found else { return Ok(Ok(())) };
    let installation = repository.github().and_then(|it| it.installation);
    let client = match app.github.for_installation(installation) {
        Ok(client) => client,
        Err(error) => return Ok(Err(error)),
    };
    let place = Place {
        owner: &repository.owner,
        repository: &repository.name,
        head_sha: &skipped.head_sha,
    };
    for name in &skipped.job_names {
        let wanted = wanted_for_skipped(&skipped, name, &app.config.public_url);
        // The workflow may have been skipped for this commit before, for another event.
        if let Err(error) = create_once(&client, place, (&wanted, true)).await {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}
