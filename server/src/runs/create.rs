//! A run comes into being: its row, its plan, its jobs and edges.
//!
//! Calls nothing outside; the caller owns the transaction, in which it also ends the delivery.
//! Invariant: one run per delivery and workflow file.

use std::sync::Arc;

use gantry_protocol::{RepositoryId, RunId};
use gantry_workflow::advance::{Conclusion, RunState, Scope};
use gantry_workflow::diagnostic::Diagnostic;
use gantry_workflow::expr::Value;
use gantry_workflow::model::Workflow;
use gantry_workflow::plan::{LoadedWorkflow, RunPlan, default_title, plan};
use gantry_workflow::trigger::Origin;
use sqlx::PgConnection;

use super::contexts::{RunNumbers, contexts};
use super::job_message::is_from_fork;
use super::queries::{self, NewRun};
use super::slots::{self, Claimant};
use super::{fork_approval, missing_secrets, news, stored_plan, workflows};
use crate::config::Config;
use crate::jobs::{self, Attempt};
use crate::repositories::Repository;
use crate::secrets::Reader;
use crate::{reporting, secrets};

/// Everything a run is made from.
#[derive(Clone, Debug)]
pub struct CreateRun {
    pub repository: Repository,
    pub delivery_guid: String,
    pub event: String,
    pub payload: Arc<serde_json::Value>,
    /// With its sha resolved.
    pub origin: Origin,
    /// The commit the workflow file was read at.
    pub workflow_sha: String,
    pub actor: String,
    pub file: RunFile,
}

/// The workflow file as read.
#[derive(Clone, Debug)]
pub enum RunFile {
    /// With what it calls. It may have warnings.
    Workflow { workflow: Box<LoadedWorkflow>, diagnostics: Vec<Diagnostic> },
    /// The run ends at once with `startup_failure`.
    Invalid { path: String, diagnostics: Vec<Diagnostic> },
}

impl RunFile {
    fn path(&self) -> &str {
        match self {
            Self::Workflow { workflow, .. } => &workflow.workflow.path,
            Self::Invalid { path, .. } => path,
        }
    }

    /// GitHub shows the path of a file without (readable) name.
    fn name(&self) -> &str {
        match self {
            Self::Workflow { workflow, .. } => workflow.workflow.display_name(),
            Self::Invalid { path, .. } => path,
        }
    }
}

/// Creates the run with everything that belongs to it. `None` when it exists already.
pub async fn create(
    db: &mut PgConnection,
    config: &Config,
    request: &CreateRun,
) -> anyhow::Result<Option<RunId>> {
    let repository = request.repository.id;
    let path = request.file.path();
    if queries::exists(db, repository, &request.delivery_guid, path).await? {
        return Ok(None);
    }
    let (workflow_id, run_number) =
        workflows::next_run_number(db, repository, path, request.file.name()).await?;
    let title = default_title(&request.event, &request.payload, request.file.name());
    let run = queries::insert(
        db,
        &NewRun {
            repository,
            workflow_id,
            delivery_guid: &request.delivery_guid,
            run_number,
            event: &request.event,
            head_branch: head_branch(&request.origin),
            head_sha: head_sha(request),
            git_ref: &request.origin.git_ref,
            actor: &request.actor,
            display_title: &title,
        },
    )
    .await?;
    let numbers = RunNumbers { id: run, number: run_number };
    match &request.file {
        RunFile::Workflow { workflow, diagnostics } => {
            let mut contexts = contexts(config, request, &workflow.workflow, numbers);
            let reader = Reader { repository, owner: &request.repository.owner };
            let variables = secrets::variables_for_run(db, reader).await?;
            contexts.vars = Value::object(
                variables.into_iter().map(|(name, value)| (name, Value::string(value))),
            );
            match plan(LoadedWorkflow::clone(workflow), contexts, &title) {
                Ok(plan) => {
                    let missing = missing_secrets(db, request, &workflow.workflow, &plan).await?;
                    let all: Vec<_> = diagnostics.iter().cloned().chain(missing).collect();
                    queries::set_planned(db, run, &plan.display_title, &all).await?;
                    stored_plan::write(db, run, &plan).await?;
                    if fork_approval::must_wait(db, request).await? {
                        queries::hold(db, run).await?;
                    } else {
                        begin(db, (repository, run), &plan).await?;
                    }
                }
                Err(errors) => {
                    let all: Vec<_> = diagnostics.iter().cloned().chain(errors).collect();
                    fail(db, config, (run, &title), &all).await?;
                }
            }
        }
        RunFile::Invalid { diagnostics, .. } => {
            fail(db, config, (run, &title), diagnostics).await?
        }
    }
    tracing::info!(
        run.id = run.0,
        repository = request.repository.full_name(),
        workflow = path,
        event = request.event,
        "run created"
    );
    Ok(Some(run))
}

/// A pull request of a fork has none, whatever is set.
async fn missing_secrets(
    db: &mut PgConnection,
    request: &CreateRun,
    workflow: &Workflow,
    plan: &RunPlan,
) -> sqlx::Result<Vec<Diagnostic>> {
    let github = plan.contexts.github.to_json();
    if is_from_fork(&github, &request.repository.full_name()) {
        return Ok(Vec::new());
    }
    missing_secrets::warnings(db, &request.repository, workflow).await
}

/// Gives a planned run its jobs.
pub(super) async fn begin(
    db: &mut PgConnection,
    (repository, run): (RepositoryId, RunId),
    plan: &RunPlan,
) -> anyhow::Result<()> {
    let attempt = Attempt { run, number: 1 };
    news::note_requested(db, run).await?;
    let jobs = Scope::of_run(plan, &RunState::default()).new_jobs();
    jobs::create(db, attempt, &jobs).await?;
    if let Some(slot) = &plan.concurrency {
        // Here and not when the run is advanced: groups go by the order in which runs come.
        slots::claim(db, Claimant { repository, attempt, leg: None }, slot).await?;
    }
    Ok(())
}

async fn fail(
    db: &mut PgConnection,
    config: &Config,
    (run, title): (RunId, &str),
    diagnostics: &[Diagnostic],
) -> anyhow::Result<()> {
    queries::set_planned(db, run, title, diagnostics).await?;
    queries::conclude(db, run, Conclusion::StartupFailure).await?;
    reporting::want_failed_start(db, config, run).await?;
    Ok(())
}

/// `main` for `refs/heads/main`; a pull request runs for its head branch.
fn head_branch(origin: &Origin) -> &str {
    if !origin.head_ref.is_empty() {
        return &origin.head_ref;
    }
    let git_ref = origin.git_ref.as_str();
    git_ref
        .strip_prefix("refs/heads/")
        .or_else(|| git_ref.strip_prefix("refs/tags/"))
        .unwrap_or(git_ref)
}

/// A run for a pull request belongs to its head, where people look for its checks, although it runs on
/// the merge commit.
fn head_sha(request: &CreateRun) -> &str {
    let head = request.payload.pointer("/pull_request/head/sha");
    let head = head.and_then(serde_json::Value::as_str).filter(|sha| !sha.is_empty());
    head.filter(|_| request.event.starts_with("pull_request")).unwrap_or(&request.origin.sha)
}
