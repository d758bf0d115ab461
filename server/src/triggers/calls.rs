//! The reusable workflows that the files of an event call.
//!
//! Asks `sources` for what the language's loader wants to see. Invariant: what is stored with a run
//! is everything it will ever call.

use anyhow::Context as _;
use gantry_workflow::model::Workflow;
use gantry_workflow::plan::{DefaultPermissions, FileSource, Loader};
use gantry_workflow::trigger::WorkflowSource;

use super::event::RepositoryEvent;
use crate::App;
use crate::runs::{CreateRun, RunFile};
use crate::sources;

/// Loads what each run calls; a run whose calls do not fit ends up as invalid.
pub(super) async fn load(
    app: &App,
    (event, default): (&RepositoryEvent, DefaultPermissions),
    runs: &mut [CreateRun],
) -> anyhow::Result<()> {
    for run in runs {
        let RunFile::Workflow { workflow, diagnostics } = &mut run.file else { continue };
        let mut loader = loader((event, default), workflow.workflow.clone());
        while let Some(request) = loader.wanted() {
            let file = sources::called_file(app, request)
                .await
                .with_context(|| format!("reading `{}` of {}", request.path, request.repository))?;
            loader.supply(file);
        }
        match loader.finish() {
            Ok(loaded) => {
                diagnostics.extend(loaded.warnings);
                **workflow = loaded.workflow;
            }
            Err(errors) => {
                diagnostics.extend(errors);
                let path = workflow.workflow.path.clone();
                let diagnostics = std::mem::take(diagnostics);
                run.file = RunFile::Invalid { path, diagnostics };
            }
        }
    }
    Ok(())
}

fn loader((event, default): (&RepositoryEvent, DefaultPermissions), workflow: Workflow) -> Loader {
    let git_ref = match event.origin.source {
        WorkflowSource::EventCommit => event.origin.git_ref.clone(),
        WorkflowSource::DefaultBranch => format!("refs/heads/{}", event.repository.default_branch),
    };
    let source = FileSource {
        repository: event.repository.full_name(),
        path: workflow.path.clone(),
        git_ref,
        sha: event.workflow_sha.clone(),
    };
    Loader::new(workflow, source, default)
}
