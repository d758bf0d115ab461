//! `gantry run --list` and `--dry-run`: what could be run, and what would be.

use std::process::ExitCode;

use gantry_workflow::model::{Job, JobKind, Workflow, read_workflow};

use super::arguments::LocalRunArguments;
use super::prepare::{files, read};
use crate::cli::local::read_source;
use crate::cli::output;
use crate::cli::plan::{self, LocalRepository, PlanArguments, show};

/// Every workflow with its events and jobs.
pub(super) fn list(arguments: &LocalRunArguments) -> anyhow::Result<ExitCode> {
    let files = files(arguments.workflow.as_deref())?;
    let mut code = ExitCode::SUCCESS;
    for file in &files {
        let text =
            read_source(file).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
        let path = LocalRepository::around(file)?.path_of(file);
        let (workflow, diagnostics) = read_workflow(&path, &text);
        match workflow {
            Some(workflow) => lines(&workflow).into_iter().try_for_each(output::line)?,
            None => {
                show(&diagnostics, &text);
                code = ExitCode::FAILURE;
            }
        }
    }
    if files.is_empty() {
        output::line("There is no workflow here.")?;
    }
    Ok(code)
}

/// The jobs that the event would start.
pub(super) fn dry_run(arguments: &LocalRunArguments) -> anyhow::Result<ExitCode> {
    let files = files(arguments.workflow.as_deref())?;
    let mut named = None;
    if let (Some(_), Some(file)) = (&arguments.workflow, files.first()) {
        named = read(file, &LocalRepository::around(file)?)?;
    }
    let mut request = PlanArguments::of_event(arguments.event(named.as_ref()), files);
    request.payload.clone_from(&arguments.payload);
    request.inputs.clone_from(&arguments.inputs);
    plan::run(&request)
}

fn lines(workflow: &Workflow) -> Vec<String> {
    let events: Vec<_> = workflow.on.iter().map(|trigger| trigger.event.as_str()).collect();
    let name = workflow.name.as_deref().map(|name| format!("  {name}")).unwrap_or_default();
    let head = format!("{}{name}  (on {})", workflow.path, events.join(", "));
    let width = workflow.jobs.iter().map(|job| job.id.as_str().len()).max().unwrap_or_default();
    let jobs = workflow.jobs.iter().map(|job| {
        let id = job.id.as_str();
        format!("  {id:width$}{}", what_about(job)).trim_end().to_owned()
    });
    std::iter::once(head).chain(jobs).collect()
}

/// What one wants to know of a job before running it.
fn what_about(job: &Job) -> String {
    let needs: Vec<_> = job.needs.iter().map(|need| need.as_str()).collect();
    let needs =
        if needs.is_empty() { String::new() } else { format!("needs {}", needs.join(", ")) };
    let matrix = if job.strategy.is_some() { "matrix" } else { "" };
    let environment = match &job.kind {
        JobKind::Steps(steps) if steps.environment.is_some() => "deploys",
        _ => "",
    };
    let facts = [needs.as_str(), matrix, environment];
    let facts: Vec<_> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
    if facts.is_empty() { String::new() } else { format!("  {}", facts.join("; ")) }
}
