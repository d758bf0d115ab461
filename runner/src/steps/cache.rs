//! `actions/cache`, `actions/cache/restore` and `actions/cache/save`, built in.
//!
//! Invariant: a cache that cannot be restored or saved is a warning and no failure, unless the step asks
//! for one.

use serde_json::json;

use super::cache_plan::{check_keys, relative, version};
use super::execute::{StepEnd, StepPlace};
use super::stage::Stage;
use super::step_inputs::Inputs;
use super::store_step::{self, Made, home, unless_stopped};
use crate::actions::CacheParts;
use crate::execution::RunningJob;
use crate::infra_error::InfraError;
use crate::output::StepLog;
use crate::store::{
    JobFiles, Search, StoreClient, has_wildcards, open_files, text_of, unpack_cache, upload_cache,
};

/// Names of what the main stage leaves for the post stage.
const KEY: &str = "CACHE_KEY";
const RESULT: &str = "CACHE_RESULT";
const PATHS: &str = "CACHE_PATHS";

/// What is restored.
#[derive(Clone, Debug)]
pub(super) struct Restore {
    pub(super) paths: Vec<String>,
    pub(super) key: String,
    pub(super) restore_keys: Vec<String>,
    pub(super) lookup_only: bool,
}

/// Restores or saves, by the stage and by what the action does.
pub(super) async fn run(
    job: &RunningJob,
    (inputs, parts): (&Inputs, CacheParts),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, InfraError> {
    log.send().await;
    let is_post = matches!(place.stage, Stage::Post { .. });
    if is_post {
        return save_noted(job, place, log).await;
    }
    let (paths, key) = (inputs.lines("path"), inputs.text("key").to_owned());
    let missing = match (key.is_empty(), paths.is_empty()) {
        (true, _) => Some("Input required and not supplied: key"),
        (_, true) => Some("Input required and not supplied: path"),
        _ => None,
    };
    if let Some(message) = missing {
        return Ok(store_step::end(Ok(Err(message.to_owned())), place, log));
    }
    if parts == CacheParts::Save {
        return save(job, (&key, &paths), place, log).await;
    }
    let files = open_files(job, &place.process).await?;
    let work = async {
        let request = Restore {
            paths,
            key,
            restore_keys: inputs.lines("restore-keys"),
            lookup_only: inputs.flag("lookup-only", false)?,
        };
        let must_hit = inputs.flag("fail-on-cache-miss", false)?;
        let found = restore(job, &files, &request, log).await?;
        if found.is_none() && must_hit {
            return Err(format!(
                "Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: {}",
                request.key
            ));
        }
        Ok(made(&request, found.as_deref()))
    };
    let ended = unless_stopped(place, work).await;
    files.close().await;
    Ok(store_step::end(ended, place, log))
}

pub(super) fn made(request: &Restore, found: Option<&str>) -> Made {
    let mut made = Made::default();
    made.output("cache-primary-key", request.key.as_str());
    if let Some(found) = found {
        let is_exact = is_same_key(found, &request.key);
        made.output("cache-hit", is_exact.to_string());
        made.output("cache-matched-key", found);
        made.state(RESULT, found);
    }
    made.state(KEY, request.key.as_str());
    made.state(PATHS, request.paths.join("\n"));
    made
}

fn is_same_key(found: &str, key: &str) -> bool {
    found.eq_ignore_ascii_case(key)
}

/// Restores the cache that fits best; answers its key. What goes wrong on the way is a warning.
pub(super) async fn restore(
    job: &RunningJob,
    files: &JobFiles,
    request: &Restore,
    log: &mut StepLog,
) -> Result<Option<String>, String> {
    let mut keys = vec![request.key.clone()];
    keys.extend(request.restore_keys.iter().cloned());
    check_keys(&keys)?;
    let client = match store_step::store(job) {
        Ok(client) => client,
        Err(message) => {
            log.warning(&message);
            return Ok(None);
        }
    };
    match restore_from(job, (&client, files), request, log).await {
        Ok(Some(found)) => Ok(Some(found)),
        Ok(None) => {
            log.line(&format!("Cache not found for input keys: {}", keys.join(", ")));
            Ok(None)
        }
        Err(message) => {
            log.warning(&format!("Failed to restore: {message}"));
            Ok(None)
        }
    }
}

async fn restore_from(
    job: &RunningJob,
    (client, files): (&StoreClient, &JobFiles),
    request: &Restore,
    log: &mut StepLog,
) -> Result<Option<String>, String> {
    let message = json!({
        "key": request.key,
        "restore_keys": request.restore_keys,
        "version": version(&request.paths),
    });
    let answer = client.caches("GetCacheEntryDownloadURL", message).await?;
    if answer["ok"] != json!(true) {
        return Ok(None);
    }
    let found = text_of(&answer, "matched_key")?.to_owned();
    if request.lookup_only {
        log.line(&format!("Cache found and can be restored from key: {found}"));
        return Ok(Some(found));
    }
    let url = text_of(&answer, "signed_download_url")?;
    log.line(&format!("Cache hit for: {found}"));
    log.send().await;
    let size = unpack_cache((client, url), files, &job.workspace()).await?;
    log.line(&format!("Cache Size: {} ({size} B)", mebibytes(size)));
    log.line(&format!("Cache restored from key: {found}"));
    Ok(Some(found))
}

fn mebibytes(bytes: u64) -> String {
    format!("~{} MB", bytes.div_ceil(1024 * 1024))
}

/// The post stage: saves what the main stage did not find as a whole.
pub(super) async fn save_noted(
    job: &RunningJob,
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, InfraError> {
    let state = job.state.record.progress.actions.states.get(&place.key);
    let noted = |name: &str| state.and_then(|state| state.get(name)).cloned().unwrap_or_default();
    let (key, found) = (noted(KEY), noted(RESULT));
    if key.is_empty() {
        log.line("Nothing is saved: the key of the cache is not known, as the main stage says.");
        return Ok(StepEnd::success());
    }
    if is_same_key(&found, &key) {
        log.line(&format!("Cache hit occurred on the primary key {key}, not saving cache."));
        return Ok(StepEnd::success());
    }
    let paths: Vec<String> = noted(PATHS).lines().map(str::to_owned).collect();
    save(job, (&key, &paths), place, log).await
}

/// Saves paths under a key.
async fn save(
    job: &RunningJob,
    (key, paths): (&str, &[String]),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, InfraError> {
    let files = open_files(job, &place.process).await?;
    let work = async {
        let saved = save_to_store(job, &files, (key, paths, place), log).await;
        if let Err(message) = saved {
            log.warning(&format!("Failed to save: {message}"));
        }
        Ok(Made::default())
    };
    let ended = unless_stopped(place, work).await;
    files.close().await;
    Ok(store_step::end(ended, place, log))
}

async fn save_to_store(
    job: &RunningJob,
    files: &JobFiles,
    (key, paths, place): (&str, &[String], &StepPlace<'_>),
    log: &mut StepLog,
) -> Result<(), String> {
    check_keys(&[key.to_owned()])?;
    let client = store_step::store(job)?;
    let found = existing(job, files, (paths, place)).await?;
    if found.is_empty() {
        return Err(
            "Path Validation Error: Path(s) specified in the action for caching do(es) not \
                    exist, hence no cache is being saved."
                .to_owned(),
        );
    }
    let version = version(paths);
    let message = json!({ "key": key, "version": version });
    let answer = client.caches("CreateCacheEntry", message).await?;
    if answer["ok"] != json!(true) {
        match answer["message"].as_str().filter(|message| !message.is_empty()) {
            Some(message) => return Err(message.to_owned()),
            None => {
                log.line(&format!(
                    "Unable to reserve cache with key {key}, another job may be creating this cache."
                ));
                return Ok(());
            }
        }
    }
    let url = text_of(&answer, "signed_upload_url")?;
    log.send().await;
    let uploaded = upload_cache((&client, url), files, (&job.workspace(), found)).await?;
    let size = uploaded.size_bytes;
    let message = json!({ "key": key, "version": version, "size_bytes": size.to_string() });
    client.caches("FinalizeCacheEntryUpload", message).await?;
    log.line(&format!("Cache Size: {} ({size} B)", mebibytes(size)));
    log.line(&format!("Cache saved with key: {key}"));
    Ok(())
}

/// What there is of the paths, as seen from the workspace.
async fn existing(
    job: &RunningJob,
    files: &JobFiles,
    (paths, place): (&[String], &StepPlace<'_>),
) -> Result<Vec<Vec<u8>>, String> {
    let workspace = job.workspace();
    let search = Search::new(&paths.join("\n"), &workspace, &home(job, place));
    let mut found = Vec::new();
    let mut note = |path: &str| {
        let path = relative(&workspace, path).into_bytes();
        if !found.contains(&path) {
            found.push(path);
        }
    };
    for plain in search.plain_paths() {
        if files.exists(&plain).await? && search.wants_exactly(&plain) {
            note(&plain);
        }
    }
    if paths.iter().any(|path| has_wildcards(path)) {
        for root in search.wildcard_roots() {
            for entry in files.list(&root, true).await? {
                let below = String::from_utf8_lossy(&entry.path).into_owned();
                let path = format!("{}/{below}", root.trim_end_matches('/'));
                if search.wants_exactly(&path) {
                    note(&path);
                }
            }
        }
    }
    Ok(found)
}
