//! `actions/download-artifact`, built in, in all of its versions.
//!
//! Invariant: what was downloaded is what was uploaded: a digest that differs fails the step.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::execute::{StepEnd, StepPlace};
use super::step_inputs::Inputs;
use super::store_step::{self, Made, resolved, unless_stopped};
use crate::execution::RunningJob;
use crate::infra_error::InfraError;
use crate::output::StepLog;
use crate::store::{JobFiles, StoreClient, name_matches, open_files, text_of, unpack_artifact};

/// Artifacts on one page of the API.
const PAGE: usize = 100;

/// An artifact of a run.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) id: u64,
    pub(super) name: String,
    /// `sha256:...`, if it is known.
    digest: Option<String>,
}

/// Of which run the artifacts are.
#[derive(Clone, Debug)]
enum Source {
    /// The job's own.
    ThisRun,
    Other {
        /// `owner/name`
        repository: String,
        run: String,
        token: String,
    },
}

/// What is asked for.
struct Request {
    source: Source,
    name: String,
    pattern: String,
    ids: Vec<u64>,
    merges: bool,
    /// In the job.
    path: String,
}

/// Downloads what the inputs name.
pub(super) async fn run(
    job: &RunningJob,
    inputs: &Inputs,
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, InfraError> {
    log.send().await;
    let request = match request(job, inputs, place) {
        Ok(request) => request,
        Err(message) => return Ok(store_step::end(Ok(Err(message)), place, log)),
    };
    let files = open_files(job, &place.process).await?;
    let work = async {
        let client = store_step::store(job)?;
        download(job, (&client, &files), &request, log).await
    };
    let made = unless_stopped(place, work).await;
    files.close().await;
    Ok(store_step::end(made, place, log))
}

fn request(job: &RunningJob, inputs: &Inputs, place: &StepPlace<'_>) -> Result<Request, String> {
    let run = inputs.text("run-id");
    let token = inputs.text("github-token");
    let own = &job.state.message.repository.full_name;
    let repository = match inputs.text("repository") {
        "" => own.clone(),
        other => other.to_owned(),
    };
    // As with GitHub's action, everything else counts only together with a token.
    let source = match token {
        "" => Source::ThisRun,
        token => Source::Other {
            repository,
            run: if run.is_empty() { job.state.message.run_id.to_string() } else { run.to_owned() },
            token: token.to_owned(),
        },
    };
    if !run.is_empty() && run.parse::<u64>().is_err() {
        return Err(format!("input `run-id` is `{run}`, and must be the number of a run"));
    }
    let ids = inputs.text("artifact-ids").split(',').map(str::trim).filter(|id| !id.is_empty());
    let ids = ids.map(|id| {
        id.parse().map_err(|_| format!("Invalid artifact ID: '{id}'. Must be a number."))
    });
    let ids = ids.collect::<Result<Vec<u64>, _>>()?;
    let name = inputs.text("name").to_owned();
    if !name.is_empty() && !ids.is_empty() {
        return Err("Inputs 'name' and 'artifact-ids' cannot be used together.".to_owned());
    }
    let path = inputs.text("path");
    Ok(Request {
        source,
        name,
        pattern: inputs.text("pattern").to_owned(),
        ids,
        merges: inputs.flag("merge-multiple", false)?,
        path: if path.is_empty() { job.workspace() } else { resolved(job, place, path) },
    })
}

async fn download(
    job: &RunningJob,
    (client, files): (&StoreClient, &JobFiles),
    request: &Request,
    log: &mut StepLog,
) -> Result<Made, String> {
    let wanted = wanted(client, request, log).await?;
    let is_single = !request.name.is_empty() || (request.ids.len() == 1 && wanted.len() == 1);
    for artifact in &wanted {
        let below = is_single || request.merges;
        let base = match below {
            true => request.path.clone(),
            false => format!("{}/{}", request.path.trim_end_matches('/'), artifact.name),
        };
        log.line(&format!("Downloading artifact {} (ID {}) to {base}", artifact.name, artifact.id));
        log.send().await;
        let link = link(client, &request.source, artifact).await?;
        unpack(job, (client, files), (artifact, &link, &base), log).await?;
    }
    let n = wanted.len();
    let plural = if n == 1 { "" } else { "s" };
    log.line(&format!("Total of {n} artifact{plural} downloaded"));
    let mut made = Made::default();
    made.output("download-path", request.path.as_str());
    Ok(made)
}

/// Unpacks one and compares its digest.
pub(super) async fn unpack(
    job: &RunningJob,
    (client, files): (&StoreClient, &JobFiles),
    (artifact, link, base): (&Listed, &str, &str),
    log: &mut StepLog,
) -> Result<(), String> {
    let stage = job.directory.stage();
    let place = (base, artifact.name.as_str());
    let unpacked = unpack_artifact((client, link), files, place, &stage).await?;
    log.line(&format!("Unpacked {} file(s)", unpacked.n_files));
    let Some(found) = unpacked.sha256 else { return Ok(()) };
    match artifact.digest.as_deref().and_then(|digest| digest.strip_prefix("sha256:")) {
        Some(expected) if expected != found => Err(format!(
            "the digest of artifact {} does not match: sha256:{expected} was uploaded, sha256:{found} was \
             downloaded",
            artifact.name
        )),
        _ => {
            log.line(&format!("SHA256 digest of the downloaded artifact is {found}"));
            Ok(())
        }
    }
}

async fn wanted(
    client: &StoreClient,
    request: &Request,
    log: &mut StepLog,
) -> Result<Vec<Listed>, String> {
    let found = list(client, &request.source, &request.name).await?;
    if !request.name.is_empty() {
        if found.is_empty() {
            return Err(format!(
                "Unable to download artifact(s): Artifact not found for name: {}. It may have expired, or \
                 another run may have made it.",
                request.name
            ));
        }
        return Ok(found);
    }
    let n_found = found.len();
    if !request.ids.is_empty() {
        let missing = request.ids.iter().find(|id| found.iter().all(|it| it.id != **id));
        if let Some(id) = missing {
            return Err(format!("Unable to download artifact(s): the run has no artifact {id}"));
        }
        return Ok(found.into_iter().filter(|it| request.ids.contains(&it.id)).collect());
    }
    let wanted = matching(found, &request.pattern);
    log.line(&match request.pattern.as_str() {
        "" => format!("No name is given: all {n_found} artifact(s) of the run are downloaded"),
        pattern => format!("{} of {n_found} artifact(s) match `{pattern}`", wanted.len()),
    });
    Ok(wanted)
}

/// Those whose name matches; all if there is no pattern.
pub(super) fn matching(mut found: Vec<Listed>, pattern: &str) -> Vec<Listed> {
    found.retain(|artifact| pattern.is_empty() || name_matches(pattern, &artifact.name));
    found
}

/// The newest one of each name in the job's own run.
pub(super) async fn list_own(client: &StoreClient, name: &str) -> Result<Vec<Listed>, String> {
    list(client, &Source::ThisRun, name).await
}

/// Where the bytes of one of the job's own run are.
pub(super) async fn own_link(client: &StoreClient, artifact: &Listed) -> Result<String, String> {
    link(client, &Source::ThisRun, artifact).await
}

async fn list(client: &StoreClient, source: &Source, name: &str) -> Result<Vec<Listed>, String> {
    let entries = match source {
        Source::ThisRun => {
            let filter = match name {
                "" => json!({}),
                name => json!({ "name_filter": name }),
            };
            let mut answer = client.artifacts("ListArtifacts", filter).await?;
            answer["artifacts"].as_array_mut().map(std::mem::take).unwrap_or_default()
        }
        Source::Other { .. } => list_by_rest(client, source, name).await?,
    };
    let mut newest: BTreeMap<String, Listed> = BTreeMap::new();
    for entry in entries {
        let listed = listed(&entry).ok_or("the server's list of artifacts cannot be read")?;
        match newest.get(&listed.name) {
            Some(other) if other.id > listed.id => {}
            _ => drop(newest.insert(listed.name.clone(), listed)),
        }
    }
    Ok(newest.into_values().collect())
}

async fn list_by_rest(
    client: &StoreClient,
    source: &Source,
    name: &str,
) -> Result<Vec<Value>, String> {
    let Source::Other { repository, run, token } = source else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for page in 1.. {
        let mut path =
            format!("/repos/{repository}/actions/runs/{run}/artifacts?per_page={PAGE}&page={page}");
        if !name.is_empty() {
            let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
            path.push_str("&name=");
            path.push_str(&name);
        }
        let mut answer = client.rest(&path, token).await.map_err(|error| {
            format!("listing the artifacts of run {run} of `{repository}`: {error}")
        })?;
        let entries = answer["artifacts"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let n = entries.len();
        found.extend(entries.into_iter().filter(|entry| entry["expired"] != json!(true)));
        if n < PAGE {
            break;
        }
    }
    Ok(found)
}

fn listed(entry: &Value) -> Option<Listed> {
    let by_twirp = entry["database_id"].as_str().and_then(|id| id.parse().ok());
    Some(Listed {
        id: by_twirp.or_else(|| entry["id"].as_u64())?,
        name: entry["name"].as_str()?.to_owned(),
        digest: entry["digest"].as_str().map(str::to_owned),
    })
}

async fn link(client: &StoreClient, source: &Source, artifact: &Listed) -> Result<String, String> {
    match source {
        Source::ThisRun => {
            let message = json!({ "name": artifact.name });
            let answer = client.artifacts("GetSignedArtifactURL", message).await?;
            text_of(&answer, "signed_url").map(str::to_owned)
        }
        Source::Other { repository, token, .. } => {
            let path = format!("/repos/{repository}/actions/artifacts/{}/zip", artifact.id);
            Ok(client.rest_link(&path, token).await?)
        }
    }
}
