//! The actions of a job: resolved to commits, downloaded and copied into the job, those that
//! composite actions use included (`semantics` 5.2).
//!
//! Done for the whole job before its container starts, and for a local action when it is reached.
//! Invariant: each `repo@ref` is resolved once per job, and means the same commit to its end.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use futures_util::future::try_join_all;
use gantry_workflow::model::{ActionRuns, Step, StepKind, Uses};

use super::cache::{ActionCache, Commit};
use super::copy::copy_tree;
use super::git::Remote;
use super::locate::{load_own, own_repository, place_in_job};
use super::place::{self, Destination};
use super::source::{Wanted, remote_of, resolve};
use super::stages::bare_scope;
use super::{BuiltinAction, is_builtin};
use crate::background::blocking;
use crate::config::RunnerConfig;
use crate::execution::{ActionScope, PreparedAction, RunningJob};
use crate::output::StepLog;
use crate::remove_tree::remove_tree;

/// How deep actions may use actions.
pub(crate) const MOST_DEPTH: usize = 9;

/// A step and the action it is part of.
type Placed = (Step, Option<ActionScope>);

/// Makes the directories of downloaded actions, and removes what was cut short.
pub(crate) fn prepare_cache(config: &RunnerConfig) -> std::io::Result<()> {
    [true, false].into_iter().try_for_each(|is_own| ActionCache::new(config, is_own).prepare())
}

/// Downloads every action that `steps` use; `around` is the action they are part of. The error is
/// for the workflow's author.
pub(crate) async fn prepare(
    job: &mut RunningJob,
    steps: &[Step],
    around: Option<&ActionScope>,
    log: &mut StepLog,
) -> Result<(), String> {
    let mut level: Vec<Placed> = steps.iter().map(|s| (s.clone(), around.cloned())).collect();
    for depth in 0..=MOST_DEPTH {
        let missing = missing(job, &level)?;
        if !missing.is_empty() {
            if depth == 0 {
                log.line("Getting action download info");
                log.send().await;
            }
            download(job, missing, log).await?;
        }
        level = level.iter().flat_map(|placed| inner_steps(job, placed)).collect();
    }
    if missing(job, &level)?.is_empty() { Ok(()) } else { Err(too_deep()) }
}

/// GitHub's words for an action in an action in an action.
pub(crate) fn too_deep() -> String {
    format!("Composite action depth exceeded max depth {MOST_DEPTH}")
}

/// What the steps name and the job has not yet.
fn missing(job: &RunningJob, level: &[Placed]) -> Result<Vec<PreparedAction>, String> {
    let mut missing: Vec<PreparedAction> = Vec::new();
    for (step, around) in level {
        let StepKind::Uses { uses, .. } = &step.kind else { continue };
        let Some(action) = wanted(job, uses, around.as_ref()) else { continue };
        let (owner, repository) = (action.owner.as_str(), action.repository.as_str());
        let git_ref = action.git_ref.as_str();
        Wanted { owner, repository, git_ref }.check()?;
        let is_known = job.state.record.progress.actions.find(owner, repository, git_ref).is_some();
        if !is_known && !missing.contains(&action) {
            missing.push(action);
        }
    }
    Ok(missing)
}

/// A download that a step asks for, not resolved yet.
fn wanted(job: &RunningJob, uses: &Uses, around: Option<&ActionScope>) -> Option<PreparedAction> {
    let (owner, repository, git_ref) = match uses {
        _ if is_builtin(job, uses) => return None,
        Uses::Repository { owner, repository, git_ref, .. } => {
            (owner.clone(), repository.clone(), git_ref.clone())
        }
        Uses::SelfRepository { .. } => own_repository(job, around),
        Uses::Local { .. } | Uses::Docker { .. } => return None,
    };
    let is_own = matches!(uses, Uses::SelfRepository { .. })
        && around.is_none_or(|around| around.repository.is_empty());
    Some(PreparedAction { owner, repository, git_ref, sha: None, is_own })
}

/// The steps of a downloaded composite action. What is wrong with it is told when its step runs.
fn inner_steps(job: &RunningJob, (step, around): &Placed) -> Vec<Placed> {
    let StepKind::Uses { uses, .. } = &step.kind else { return Vec::new() };
    let Some(loaded) = load_own(job, uses, around.as_ref()) else { return Vec::new() };
    let scope = bare_scope(&loaded);
    match loaded.action.runs {
        ActionRuns::Composite(steps) => {
            steps.into_iter().map(|step| (step, Some(scope.clone()))).collect()
        }
        ActionRuns::Node(_) | ActionRuns::Docker(_) => Vec::new(),
    }
}

/// Resolves and fetches at the same time; logs, copies and notes one after the other.
async fn download(
    job: &mut RunningJob,
    missing: Vec<PreparedAction>,
    log: &mut StepLog,
) -> Result<(), String> {
    let fetches = missing.into_iter().map(|action| fetch_or_builtin(job, action));
    let fetched = try_join_all(fetches).await?;
    let names: BTreeSet<PathBuf> = fetched.iter().map(place_in_job).collect();
    debug_assert_eq!(names.len(), fetched.len(), "each action once");
    for action in fetched {
        let PreparedAction { owner, repository, git_ref, .. } = &action;
        let name = format!("{owner}/{repository}@{git_ref}");
        match &action.sha {
            Some(sha) => {
                log.line(&format!("Download action repository '{name}' (SHA:{sha})"));
                copy_into_job(job, &action, sha)
                    .map_err(|error| format!("copying `{name}`: {error}"))?;
            }
            None => log.line(&format!(
                "Action repository '{name}' cannot be reached: the runner's own version is used"
            )),
        }
        job.state.record.progress.actions.prepared.push(action);
    }
    log.send().await;
    Ok(())
}

async fn fetch_or_builtin(
    job: &RunningJob,
    action: PreparedAction,
) -> Result<PreparedAction, String> {
    let has_builtin = BuiltinAction::may_stand_in(job.host.config.builtin_actions)
        && BuiltinAction::is_in(&action.owner, &action.repository);
    match fetch(job, &action).await {
        Ok(sha) => Ok(PreparedAction { sha: Some(sha), ..action }),
        Err(_) if has_builtin => Ok(action),
        Err(message) => Err(message),
    }
}

/// Answers the commit.
async fn fetch(job: &RunningJob, action: &PreparedAction) -> Result<String, String> {
    let PreparedAction { owner, repository, git_ref, is_own, .. } = action;
    let wanted = Wanted { owner, repository, git_ref };
    let config = &job.host.config;
    let remote = if *is_own {
        let own = &job.state.message.repository;
        Remote::new(&own.clone_url, &own.clone_token)
    } else {
        remote_of(config, wanted)
    };
    let sha = resolve(&remote, wanted, &job.directory.stage()).await?;
    let commit = Commit { owner, repository, sha: &sha };
    ActionCache::new(config, *is_own)
        .add(&remote, commit)
        .await
        .map_err(|error| format!("Unable to download `{owner}/{repository}@{sha}`: {error}"))?;
    Ok(sha)
}

fn copy_into_job(job: &RunningJob, action: &PreparedAction, sha: &str) -> std::io::Result<()> {
    let commit = Commit { owner: &action.owner, repository: &action.repository, sha };
    let cached = ActionCache::new(&job.host.config, action.is_own).directory(commit);
    let below = place_in_job(action);
    let work = job.directory.work();
    if job.shim.is_none() {
        return blocking(|| copy_tree(&cached, &work.join("_actions"), &below));
    }
    blocking(|| copy_beside_running_job(job, (&cached, &below), &work))
}

/// Processes of the job may change its directories at the same time.
fn copy_beside_running_job(
    job: &RunningJob,
    (cached, below): (&Path, &Path),
    work: &Path,
) -> std::io::Result<()> {
    let stage = job.directory.stage().join("action");
    remove_tree(&stage)?;
    let trash = stage.join("trash");
    fs::create_dir_all(&trash)?;
    copy_tree(cached, &stage, Path::new("new"))?;
    let names = below.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let path: Vec<String> = std::iter::once("_actions".to_owned()).chain(names).collect();
    place::put(&stage.join("new"), Destination { root: work, path: &path, trash: &trash }, true)
}
