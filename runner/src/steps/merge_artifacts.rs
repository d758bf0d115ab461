//! `actions/upload-artifact/merge`, built in: several artifacts of the run become one.
//!
//! Invariant: the artifacts it is made of are deleted after the new one is there, and only when that is
//! asked for.

use serde_json::json;

use super::download_artifact::{list_own, matching, own_link, unpack};
use super::execute::{StepEnd, StepPlace};
use super::step_inputs::Inputs;
use super::store_step::{self, Made, unless_stopped};
use super::upload_artifact;
use crate::execution::RunningJob;
use crate::infra_error::InfraError;
use crate::output::StepLog;
use crate::store::open_files;

const DEFAULT_NAME: &str = "merged-artifacts";

/// Merges the artifacts whose names match.
pub(super) async fn run(
    job: &RunningJob,
    inputs: &Inputs,
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, InfraError> {
    log.send().await;
    let directory = format!("{}/merge-{}", job.paths.temp(), place.process);
    let files = open_files(job, &place.process).await?;
    let mut merged = Vec::new();
    let collect = async {
        let client = store_step::store(job)?;
        let separate = inputs.flag("separate-directories", false)?;
        let pattern = if inputs.text("pattern").is_empty() { "*" } else { inputs.text("pattern") };
        let found = matching(list_own(&client, "").await?, pattern);
        if found.is_empty() {
            return Err(format!("No artifacts found matching pattern '{pattern}'"));
        }
        for artifact in found {
            let base = match separate {
                true => format!("{directory}/{}", artifact.name),
                false => directory.clone(),
            };
            let link = own_link(&client, &artifact).await?;
            unpack(job, (&client, &files), (&artifact, &link, &base), log).await?;
            merged.push(artifact.name);
        }
        Ok(Made::default())
    };
    let collected = unless_stopped(place, collect).await;
    files.close().await;
    if !matches!(collected, Ok(Ok(_))) {
        return Ok(store_step::end(collected, place, log));
    }
    let name = if inputs.text("name").is_empty() { DEFAULT_NAME } else { inputs.text("name") };
    let upload = inputs
        .clone()
        .with("name", name)
        .with("path", &directory)
        .with("if-no-files-found", "error");
    let uploaded = upload_artifact::run(job, (&upload, false), place, log).await?;
    if uploaded.outcome == gantry_protocol::Conclusion::Success {
        let deleted = delete(job, inputs, &merged, log).await;
        if let Err(message) = deleted {
            return Ok(store_step::end(Ok(Err(message)), place, log));
        }
    }
    Ok(uploaded)
}

async fn delete(
    job: &RunningJob,
    inputs: &Inputs,
    merged: &[String],
    log: &mut StepLog,
) -> Result<(), String> {
    if !inputs.flag("delete-merged", false)? {
        return Ok(());
    }
    let client = store_step::store(job)?;
    for name in merged {
        client.artifacts("DeleteArtifact", json!({ "name": name })).await?;
        log.line(&format!("Artifact {name} is deleted: it is part of the new one"));
    }
    Ok(())
}
