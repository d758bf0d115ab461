//! The command itself: arguments, files, output.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use gantry_workflow::model::read_workflow;
use gantry_workflow::schema::is_event;
use gantry_workflow::{Diagnostic, Severity};
use serde_json::{Map, Value};

use super::draw::draw;
use super::forecast::{Asked, Forecast, forecast};
use super::repository::LocalRepository;
use super::shape;
use crate::cli::check::{Style, render, workflows_here};
use crate::cli::local::{complain, read_source};
use crate::cli::output;

#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// Workflow files; without any those of the repository around the current directory.
    #[arg(value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// What happens: `push`, `pull_request`, `workflow_dispatch`, ...
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) event: String,
    /// File with the event's payload; without it one is made from the local git repository.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) payload: Option<PathBuf>,
    /// Branch or tag; without it the branch that is checked out.
    #[arg(long, value_name = "REF")]
    r#ref: Option<String>,
    /// Activity type of the event; without it the most usual one.
    #[arg(long, value_name = "TYPE", conflicts_with = "payload")]
    r#type: Option<String>,
    /// Input of a `workflow_dispatch`.
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = input)]
    pub(in crate::cli) inputs: Vec<(String, String)>,
    /// For people or for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// The graph of jobs.
    Text,
    /// An object for a file that is named, else an array of objects.
    Json,
}

fn input(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl PlanArguments {
    /// The plan of some files for people, on the branch that is checked out.
    pub(in crate::cli) fn of_event(event: &str, files: Vec<PathBuf>) -> Self {
        let event = event.to_owned();
        let (inputs, format) = (Vec::new(), Format::Text);
        Self { files, event, payload: None, r#ref: None, r#type: None, inputs, format }
    }
}

pub(in crate::cli) fn run(arguments: &PlanArguments) -> anyhow::Result<ExitCode> {
    if !is_event(&arguments.event) {
        bail!("GitHub has no event `{}`", arguments.event);
    }
    let files = match arguments.files.as_slice() {
        [] => workflows_here(),
        files => files.to_vec(),
    };
    let Some(first) = files.first() else {
        bail!("there is no workflow file here; name one");
    };
    let payload = arguments.payload.as_deref().map(read_payload).transpose()?;
    let repository = LocalRepository::around(first)?;
    let inputs = arguments.inputs.iter().cloned();
    let asked = Asked {
        event: &arguments.event,
        git_ref: arguments.r#ref.as_deref(),
        activity: arguments.r#type.as_deref(),
        inputs: inputs.map(|(name, value)| (name, Value::String(value))).collect::<Map<_, _>>(),
        payload: payload.as_ref(),
        repository: &repository,
    };
    let mut forecasts = Vec::new();
    let mut are_all_valid = true;
    for file in &files {
        match one(file, &repository, &asked)? {
            Some(forecast) => forecasts.push(forecast),
            None => are_all_valid = false,
        }
    }
    print(arguments, &forecasts)?;
    Ok(if are_all_valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What becomes of one file. `None` after errors, which have been shown.
fn one(
    file: &Path,
    repository: &LocalRepository,
    asked: &Asked<'_>,
) -> anyhow::Result<Option<Forecast>> {
    let text = read_source(file).with_context(|| file.display().to_string())?;
    let path = repository.path_of(file);
    let (workflow, diagnostics) = read_workflow(&path, &text);
    let errors = match workflow {
        Some(workflow) => match forecast(workflow, asked) {
            Ok(forecast) => return Ok(Some(forecast)),
            Err(errors) => errors,
        },
        None => diagnostics,
    };
    show(&errors, &text);
    Ok(None)
}

pub(in crate::cli) fn show(diagnostics: &[Diagnostic], text: &str) {
    for diagnostic in diagnostics.iter().filter(|it| it.severity == Severity::Error) {
        complain(render(diagnostic, text, Style::of_errors()).trim_end());
    }
}

fn print(arguments: &PlanArguments, forecasts: &[Forecast]) -> anyhow::Result<()> {
    match (arguments.format, forecasts) {
        (_, []) => Ok(()),
        (Format::Json, [one]) if arguments.files.len() == 1 => {
            output::line(serde_json::to_string_pretty(&shape::of(one))?)
        }
        (Format::Json, all) => {
            let all: Vec<_> = all.iter().map(shape::of).collect();
            output::line(serde_json::to_string_pretty(&all)?)
        }
        (Format::Text, all) => {
            let drawn: Vec<_> = all.iter().map(|it| draw(it, Style::of_output())).collect();
            output::line(drawn.join("\n").trim_end())
        }
    }
}

pub(in crate::cli) fn read_payload(path: &Path) -> anyhow::Result<Value> {
    let name = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(name)?;
    let payload: Value = serde_json::from_str(&text).with_context(name)?;
    if !payload.is_object() {
        bail!("{}: a payload is a JSON object", name());
    }
    Ok(payload)
}
