//! From the command line to a plan: which workflow, for which event, with which jobs.
//!
//! Reads files and git; starts nothing. Invariant: what is planned here is planned as on a server.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use gantry_workflow::expr::Value as ExprValue;
use gantry_workflow::model::{JobId, Workflow, read_workflow};
use gantry_workflow::plan::{FileSource, RunPlan, plan};
use gantry_workflow::{Diagnostic, Severity};
use serde_json::{Map, Value};

use super::arguments::LocalRunArguments;
use super::snapshot::Snapshot;
use crate::cli::check::workflows_here;
use crate::cli::local::{complain, read_source};
use crate::cli::plan::{
    Asked, LocalRepository, load_called, make_payload, read_payload, show, start,
};

/// Where GitHub looks for workflows.
const WORKFLOWS: &str = ".github/workflows";

/// A run that can begin.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) plan: RunPlan,
    pub(super) repository: LocalRepository,
    pub(super) snapshot: Snapshot,
}

/// Reads, selects and plans. `None`: the files are wrong, which has been told.
pub(super) fn prepare(arguments: &LocalRunArguments) -> anyhow::Result<Option<Prepared>> {
    let files = files(arguments.workflow.as_deref())?;
    let repository = LocalRepository::around(files.first().context("there is no workflow here")?)?;
    let root = repository.top.clone().context(
        "this is not in a git repository; jobs get the files of one (`git init` makes one)",
    )?;
    let snapshot = Snapshot::take(&root)?;
    let payload = arguments.payload.as_deref().map(read_payload).transpose()?;
    let inputs = arguments.inputs.iter().cloned();
    let mut workflows = Vec::new();
    for file in &files {
        let Some(workflow) = read(file, &repository)? else { return Ok(None) };
        workflows.push(workflow);
    }
    let named = arguments.workflow.as_ref().and_then(|_| workflows.first().cloned());
    let event = arguments.event(named.as_ref());
    let asked = Asked {
        event,
        git_ref: None,
        activity: None,
        inputs: inputs.map(|(name, value)| (name, Value::String(value))).collect::<Map<_, _>>(),
        payload: payload.as_ref(),
        repository: &repository,
    };
    let candidates = workflows.into_iter().map(|it| Candidate::of(it, &asked, &snapshot));
    let chosen = choose(event, named.is_some(), candidates.collect::<anyhow::Result<_>>()?)?;
    snapshot.point(&chosen.git_ref)?;
    let source = FileSource {
        repository: repository.full_name.clone(),
        path: chosen.workflow.path.clone(),
        git_ref: chosen.git_ref.clone(),
        sha: snapshot.sha.clone(),
    };
    let plan = planned(arguments, chosen, (source, &root))?;
    Ok(plan.map(|plan| Prepared { plan, repository, snapshot }))
}

/// The named workflow, or all there are.
pub(super) fn files(name: Option<&str>) -> anyhow::Result<Vec<PathBuf>> {
    let here = workflows_here();
    let Some(name) = name else { return Ok(here) };
    let given = Path::new(name);
    if given.is_file() {
        return Ok(vec![given.to_path_buf()]);
    }
    let found = here.iter().find(|file| file.file_name() == Some(given.as_os_str()));
    match found {
        Some(file) => Ok(vec![file.clone()]),
        None => {
            bail!("there is neither a file `{name}` nor a workflow of that name in {WORKFLOWS}")
        }
    }
}

pub(super) fn read(file: &Path, repository: &LocalRepository) -> anyhow::Result<Option<Workflow>> {
    let text = read_source(file).with_context(|| file.display().to_string())?;
    let (workflow, diagnostics) = read_workflow(&repository.path_of(file), &text);
    if workflow.is_none() {
        show(&diagnostics, &text);
    }
    Ok(workflow)
}

/// A workflow that may be run.
struct Candidate {
    workflow: Workflow,
    start: crate::cli::plan::Start,
    git_ref: String,
}

impl Candidate {
    fn of(workflow: Workflow, asked: &Asked<'_>, snapshot: &Snapshot) -> anyhow::Result<Self> {
        let mut made_up = make_payload(asked, &workflow);
        if asked.payload.is_none() && asked.event == "push" {
            made_up.payload["after"] = snapshot.sha.clone().into();
        }
        let mut start = start(&workflow, asked, &made_up)
            .map_err(|reason| anyhow::anyhow!("{}: {reason}", workflow.path))?;
        start.contexts.github = with_sha(&start.contexts.github, &snapshot.sha);
        let git_ref = start.origin.git_ref.clone();
        Ok(Self { workflow, start, git_ref })
    }
}

/// The run is one of the files as they are now, whatever the event says.
fn with_sha(github: &ExprValue, sha: &str) -> ExprValue {
    let ExprValue::Object(github) = github else { return github.clone() };
    let mut entries = github.entries.clone();
    for name in ["sha", "workflow_sha"] {
        entries.insert(name.to_owned(), ExprValue::string(sha));
    }
    ExprValue::object(entries)
}

/// The one workflow to run. One that was named runs even if the event would pass it over.
fn choose(event: &str, is_named: bool, candidates: Vec<Candidate>) -> anyhow::Result<Candidate> {
    let (mut starting, passed_over): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|it| is_named || it.start.passed_over.is_none());
    match starting.len() {
        0 => {
            for candidate in &passed_over {
                let reason = candidate.start.passed_over.as_deref().unwrap_or_default();
                complain(&format!("{}: {reason}", candidate.workflow.path));
            }
            bail!("`{event}` starts no workflow here; name one, or another --event")
        }
        1 => {
            let chosen = starting.remove(0);
            if let Some(reason) = &chosen.start.passed_over {
                complain(&format!("note: `{event}` alone would not start it: {reason}"));
            }
            Ok(chosen)
        }
        _ => {
            let names: Vec<_> = starting.iter().map(|it| it.workflow.path.as_str()).collect();
            bail!("`{event}` starts several workflows; name one of {}", names.join(", "))
        }
    }
}

/// The plan, with the jobs that were asked for. `None` after errors, which have been told.
fn planned(
    arguments: &LocalRunArguments,
    chosen: Candidate,
    (source, root): (FileSource, &Path),
) -> anyhow::Result<Option<RunPlan>> {
    let mut workflow = chosen.workflow;
    if let Some(job) = &arguments.job {
        keep_needed(&mut workflow, job)?;
    }
    let mut contexts = chosen.start.contexts;
    let vars = arguments.vars.iter().cloned();
    contexts.vars = ExprValue::object(vars.map(|(name, value)| (name, ExprValue::string(value))));
    let planned = load_called(workflow, &source, root)
        .and_then(|loaded| plan(loaded, contexts, &chosen.start.title));
    match planned {
        Ok(plan) => Ok(Some(plan)),
        Err(errors) => {
            tell(&errors);
            Ok(None)
        }
    }
}

fn tell(errors: &[Diagnostic]) {
    for error in errors.iter().filter(|it| it.severity == Severity::Error) {
        complain(&error.to_string());
    }
}

/// Leaves the job and everything it needs.
fn keep_needed(workflow: &mut Workflow, name: &str) -> anyhow::Result<()> {
    let Some(job) = workflow.jobs.iter().find(|job| job.id.0.eq_ignore_ascii_case(name)) else {
        let known: Vec<_> = workflow.jobs.iter().map(|job| job.id.as_str()).collect();
        bail!("{} has no job `{name}`; it has {}", workflow.path, known.join(", "));
    };
    let mut wanted: Vec<JobId> = vec![job.id.clone()];
    let mut at = 0;
    while let Some(id) = wanted.get(at) {
        let needs = workflow.job(id).map(|job| job.needs.clone()).unwrap_or_default();
        wanted.extend(needs);
        at += 1;
    }
    workflow.jobs.retain(|job| wanted.contains(&job.id));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_run_with_everything_it_needs() {
        let text = "on: push\njobs:\n  a: &job\n    runs-on: x\n    steps: [{run: x}]\n  b: *job\n  \
                    c:\n    needs: [A]\n    runs-on: x\n    steps: [{run: x}]\n  d:\n    needs: c\n    \
                    runs-on: x\n    steps: [{run: x}]\n";
        let (workflow, diagnostics) = read_workflow("ci.yml", text);
        let mut workflow = workflow.unwrap_or_else(|| panic!("{diagnostics:?}"));
        keep_needed(&mut workflow, "D").expect("there is one");
        let left: Vec<_> = workflow.jobs.iter().map(|job| job.id.as_str()).collect();
        assert_eq!(left, ["a", "c", "d"]);
        let error = keep_needed(&mut workflow, "b").expect_err("gone").to_string();
        assert_eq!(error, "ci.yml has no job `b`; it has a, c, d");
    }
}
