//! The command itself: arguments, files, output.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};
use gantry_workflow::model::{read_action, read_workflow};
use gantry_workflow::{Diagnostic, Severity};
use serde_json::{Value, json};

use super::find::{self, Found, Kind};
use super::snippet::{Style, render};
use super::summary::Summary;
use crate::cli::local::{UNREADABLE, complain, read_source};
use crate::cli::output;

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Files, and directories to search; without any the repository around the current directory.
    paths: Vec<PathBuf>,
    /// For people or for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// The lines that are wrong, and what is wrong with them.
    Text,
    /// An array of objects.
    Json,
}

pub(in crate::cli) fn run(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let Found { files, mut problems } = find::files(&arguments.paths);
    if files.is_empty() && problems.is_empty() {
        bail!("there is no workflow file and no action file here; give paths to check");
    }
    let mut report = Report::new(arguments.format);
    for file in &files {
        match read_source(&file.path) {
            Ok(text) => report.add(&file.name(), &text, file.kind),
            Err(error) => problems.push(format!("{}: {error}", file.name())),
        }
    }
    report.print()?;
    problems.iter().for_each(|problem| complain(&format!("error: {problem}")));
    Ok(match (problems.is_empty(), report.summary.n_errors) {
        (false, _) => ExitCode::from(UNREADABLE),
        (true, 0) => ExitCode::SUCCESS,
        (true, _) => ExitCode::FAILURE,
    })
}

/// What is printed in the end, so that a slow terminal does not hold up the reading.
struct Report {
    format: Format,
    style: Style,
    text: String,
    items: Vec<Value>,
    summary: Summary,
}

impl Report {
    fn new(format: Format) -> Self {
        let style = Style::of_output();
        Self { format, style, text: String::new(), items: Vec::new(), summary: Summary::default() }
    }

    fn add(&mut self, name: &str, text: &str, kind: Kind) {
        let diagnostics = match kind {
            Kind::Workflow => read_workflow(name, text).1,
            Kind::Action => read_action(name, text).1,
        };
        self.summary.add(&diagnostics);
        for diagnostic in diagnostics {
            match self.format {
                Format::Text => self.text.push_str(&render(&diagnostic, text, self.style)),
                Format::Json => self.items.push(item(&diagnostic)),
            }
        }
    }

    fn print(&self) -> anyhow::Result<()> {
        match self.format {
            // What could not be read is said elsewhere.
            Format::Text if self.summary.n_files == 0 => Ok(()),
            Format::Text => output::line(format!("{}{}", self.text, self.summary.line(self.style))),
            Format::Json => output::line(serde_json::to_string_pretty(&self.items)?),
        }
    }
}

/// One diagnostic for programs; without a place when it is about the file as a whole.
fn item(diagnostic: &Diagnostic) -> Value {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({
        "file": diagnostic.file,
        "line": diagnostic.position.map(|position| position.line),
        "column": diagnostic.position.map(|position| position.column),
        "severity": severity,
        "message": diagnostic.message,
        "code": diagnostic.code,
    })
}
