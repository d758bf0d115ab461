//! `actions/upload-artifact`, built in: versions 4 and later, and the protocol of those before.
//!
//! Invariant: an artifact is seen with all of its files, or not at all.

use chrono::{Days, SecondsFormat, Utc};
use serde_json::json;

use super::artifact_names::{check_name, check_path};
use super::execute::{StepEnd, StepPlace};
use super::step_inputs::Inputs;
use super::store_step::{self, Made, home, unless_stopped};
use crate::execution::RunningJob;
use crate::infra_error::InfraError;
use crate::output::StepLog;
use crate::shim::EntryKind;
use crate::store::{
    JobFiles, Search, StoreClient, Uploaded, open_files, text_of, upload_file, upload_legacy,
    upload_zip,
};

/// GitHub's longest, in days.
const MOST_RETENTION_DAYS: u32 = 90;

/// zlib's, which is what GitHub's action uses without a word.
const COMPRESSION_LEVEL: i64 = 6;

const DEFAULT_NAME: &str = "artifact";

/// What is asked for.
#[derive(Debug)]
struct Request {
    name: String,
    path: String,
    if_no_files_found: IfNoFiles,
    retention_days: Option<u32>,
    compression_level: i64,
    overwrites: bool,
    with_hidden: bool,
    /// A single file is uploaded as it is.
    is_single_file: bool,
    is_legacy: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IfNoFiles {
    Warn,
    Error,
    Ignore,
}

/// The files of an artifact.
struct Found {
    /// Of all of them.
    base: String,
    /// Relative to `base`.
    paths: Vec<String>,
}

/// Uploads what the inputs name.
pub(super) async fn run(
    job: &RunningJob,
    (inputs, is_legacy): (&Inputs, bool),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, InfraError> {
    log.send().await;
    let request = match request(inputs, is_legacy) {
        Ok(request) => request,
        Err(message) => return Ok(store_step::end(Ok(Err(message)), place, log)),
    };
    let files = open_files(job, &place.process).await?;
    let work = async {
        let Some(found) = search(job, (&request, &files), place, log).await? else {
            return Ok(Made::default());
        };
        let client = store_step::store(job)?;
        upload(job, (&client, &files), (&request, found), log).await
    };
    let made = unless_stopped(place, work).await;
    files.close().await;
    Ok(store_step::end(made, place, log))
}

fn request(inputs: &Inputs, is_legacy: bool) -> Result<Request, String> {
    let name = match inputs.text("name") {
        "" => DEFAULT_NAME.to_owned(),
        name => name.to_owned(),
    };
    check_name(&name)?;
    let path = inputs.text("path").to_owned();
    if path.is_empty() {
        return Err("Input required and not supplied: path".to_owned());
    }
    let if_no_files_found = match inputs.text("if-no-files-found") {
        "" | "warn" => IfNoFiles::Warn,
        "error" => IfNoFiles::Error,
        "ignore" => IfNoFiles::Ignore,
        other => {
            return Err(format!(
                "Unrecognized if-no-files-found input. Provided: {other}. Available options: \
                 warn,error,ignore"
            ));
        }
    };
    let compression_level = match inputs.number("compression-level")? {
        None => COMPRESSION_LEVEL,
        Some(level @ 0..=9) => level.into(),
        Some(level) => {
            return Err(format!("Invalid compression-level: {level}. Valid values are 0-9"));
        }
    };
    Ok(Request {
        name,
        path,
        if_no_files_found,
        retention_days: inputs.number("retention-days")?.filter(|days| *days > 0),
        compression_level,
        overwrites: inputs.flag("overwrite", false)?,
        with_hidden: inputs.flag("include-hidden-files", false)?,
        is_single_file: !inputs.flag("archive", true)?,
        is_legacy,
    })
}

/// The files that the path means; none end the step as the inputs want.
async fn search(
    job: &RunningJob,
    (request, files): (&Request, &JobFiles),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<Option<Found>, String> {
    let search = Search::new(&request.path, &job.workspace(), &home(job, place));
    let mut found = Vec::new();
    for root in search.roots() {
        for entry in files.list(&root, request.with_hidden).await? {
            let below = String::from_utf8_lossy(&entry.path).into_owned();
            let path = match (below.is_empty(), root.as_str()) {
                (true, root) => root.to_owned(),
                (false, "/") => format!("/{below}"),
                (false, root) => format!("{root}/{below}"),
            };
            if entry.kind == EntryKind::File && search.wants(&path) {
                found.push(path);
            }
        }
    }
    if found.is_empty() {
        let message = format!(
            "No files were found with the provided path: {}. No artifacts will be uploaded.",
            request.path
        );
        match request.if_no_files_found {
            IfNoFiles::Warn => log.warning(&message),
            IfNoFiles::Error => return Err(message),
            IfNoFiles::Ignore => log.line(&message),
        }
        return Ok(None);
    }
    let plural = if found.len() == 1 { "" } else { "s" };
    log.line(&format!(
        "With the provided path, there will be {} file{plural} uploaded",
        found.len()
    ));
    let base = search.base(&found);
    let below = |path: &String| path[base.len()..].trim_start_matches('/').to_owned();
    let paths: Vec<String> = found.iter().map(below).collect();
    paths.iter().try_for_each(|path| check_path(path))?;
    Ok(Some(Found { base, paths }))
}

async fn upload(
    job: &RunningJob,
    (client, files): (&StoreClient, &JobFiles),
    (request, found): (&Request, Found),
    log: &mut StepLog,
) -> Result<Made, String> {
    let mut request_name = request.name.clone();
    let paths: Vec<Vec<u8>> = found.paths.iter().map(|path| path.clone().into_bytes()).collect();
    let days = retention_days(request, log);
    if request.is_legacy {
        log.line("Uploading the files one by one, as version 3 does");
        log.send().await;
        let place = (found.base.as_str(), paths);
        let size = upload_legacy(client, files, place, (&request.name, days)).await?;
        log.line(&format!(
            "Artifact {} has been successfully uploaded! Total size is {size} bytes",
            request.name
        ));
        return Ok(Made::default());
    }
    let mut single = None;
    if request.is_single_file {
        let [path] = found.paths.as_slice() else {
            return Err(format!(
                "with `archive: false` exactly one file can be uploaded, and the path means {}",
                found.paths.len()
            ));
        };
        request_name = path.rsplit('/').next().unwrap_or(path).to_owned();
        single = Some((format!("{}/{path}", found.base.trim_end_matches('/')), mime_type(path)));
    }
    let name = request_name.as_str();
    if request.overwrites {
        delete(client, name, log).await?;
    }
    let url = create(client, (name, days), single.as_ref().map(|it| it.1)).await?;
    log.line("Uploading the artifact");
    log.send().await;
    let uploaded = match &single {
        Some((path, kind)) => upload_file((client, &url), files, path, kind).await?,
        None => {
            let place = (found.base.as_str(), paths);
            upload_zip((client, &url), files, place, request.compression_level).await?
        }
    };
    finish(job, client, (name, &uploaded), log).await
}

fn retention_days(request: &Request, log: &mut StepLog) -> Option<u32> {
    let days = request.retention_days?;
    if days > MOST_RETENTION_DAYS {
        log.warning(&format!(
            "Retention days is greater than the max value allowed: {days} days are asked for, \
             {MOST_RETENTION_DAYS} are kept"
        ));
    }
    Some(days.min(MOST_RETENTION_DAYS))
}

/// What the name stood for before is gone.
async fn delete(client: &StoreClient, name: &str, log: &mut StepLog) -> Result<(), String> {
    match client.artifacts("DeleteArtifact", json!({ "name": name })).await {
        Ok(answer) => {
            let id = answer["artifact_id"].as_str().unwrap_or_default();
            log.line(&format!("The artifact {name} of before (ID {id}) is deleted"));
            Ok(())
        }
        Err(error) if error.status() == Some(404) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Takes the name; answers where to upload to.
async fn create(
    client: &StoreClient,
    (name, days): (&str, Option<u32>),
    mime_type: Option<&str>,
) -> Result<String, String> {
    let mut message = json!({ "name": name, "version": 4 });
    if let Some(end) = days.and_then(|days| Utc::now().checked_add_days(Days::new(days.into()))) {
        message["expires_at"] = json!(end.to_rfc3339_opts(SecondsFormat::Secs, true));
    }
    if let Some(mime_type) = mime_type {
        message["version"] = json!(7);
        message["mime_type"] = json!(mime_type);
    }
    match client.artifacts("CreateArtifact", message).await {
        Ok(answer) => text_of(&answer, "signed_upload_url").map(str::to_owned),
        Err(error) if error.status() == Some(409) => Err(format!(
            "an artifact with the name `{name}` already exists in this run. Give it another name, or set \
             `overwrite: true`."
        )),
        Err(error) => Err(error.into()),
    }
}

async fn finish(
    job: &RunningJob,
    client: &StoreClient,
    (name, uploaded): (&str, &Uploaded),
    log: &mut StepLog,
) -> Result<Made, String> {
    let Uploaded { size_bytes, sha256 } = uploaded;
    let message = json!({
        "name": name,
        "size": size_bytes.to_string(),
        "hash": format!("sha256:{sha256}"),
    });
    let answer = client.artifacts("FinalizeArtifact", message).await?;
    let id = text_of(&answer, "artifact_id")?;
    let repository = &job.state.message.repository.full_name;
    let origin = client.public_origin(job);
    let url = format!("{origin}/repos/{repository}/actions/artifacts/{id}/zip");
    log.line(&format!("SHA256 digest of the uploaded artifact is {sha256}"));
    log.line(&format!(
        "Artifact {name} has been successfully uploaded! Final size is {size_bytes} bytes. Artifact ID \
         is {id}"
    ));
    log.line(&format!("Artifact download URL: {url}"));
    let mut made = Made::default();
    made.output("artifact-id", id);
    made.output("artifact-url", url);
    made.output("artifact-digest", sha256.as_str());
    Ok(made)
}

/// What a browser takes the file for.
fn mime_type(path: &str) -> &'static str {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html",
        "txt" | "log" => "text/plain",
        "md" => "text/markdown",
        "css" => "text/css",
        "csv" => "text/csv",
        "json" => "application/json",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}
