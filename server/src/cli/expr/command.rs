//! The command itself: arguments, files, output.

use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use gantry_runner::hash_files;
use gantry_workflow::expr::Object;
use serde_json::Value as Json;

use super::answer::{Evaluation, Form, contexts, described};
use crate::cli::local::complain;
use crate::cli::output::{self, ClosedPipe};

#[derive(Debug, Args)]
pub(crate) struct ExprArguments {
    /// The expression, without `${{` and `}}`.
    #[arg(value_name = "EXPR", allow_hyphen_values = true, required_unless_present = "batch")]
    text: Option<String>,
    /// File with an object of contexts, such as `{"github": {...}}`; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "batch")]
    context: Option<PathBuf>,
    /// Evaluate text that contains `${{ }}`.
    #[arg(long)]
    template: bool,
    /// Answer each line `{"expr": ..., "contexts": {...}}` of standard input with a line.
    #[arg(long, conflicts_with_all = ["text", "format"])]
    batch: bool,
    /// The value as text, or with its kind.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// As the value appears within text.
    Text,
    /// An object with `kind`, `value` and `text`.
    Json,
}

pub(in crate::cli) fn run(arguments: &ExprArguments) -> anyhow::Result<ExitCode> {
    let form = if arguments.template { Form::Template } else { Form::Expression };
    let hash_files = |patterns: &[String]| {
        let here = std::env::current_dir().map_err(|error| error.to_string())?;
        hash_files(&here, patterns)
    };
    let evaluation = Evaluation { form, hash_files: &hash_files };
    match &arguments.text {
        Some(text) => one(arguments, &evaluation, text),
        None => batch(&evaluation),
    }
}

fn one(
    arguments: &ExprArguments,
    evaluation: &Evaluation<'_>,
    text: &str,
) -> anyhow::Result<ExitCode> {
    let contexts = arguments.context.as_deref().map(read_contexts).transpose()?;
    match evaluation.value(text, &contexts.unwrap_or_default()) {
        Ok(value) => {
            output::line(match arguments.format {
                Format::Text => value.to_text().into_owned(),
                Format::Json => described(&value).to_string(),
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Err(message) => {
            complain(&message);
            if evaluation.form == Form::Expression && text.contains("${{") {
                complain("help: `--template` evaluates text that contains `${{ }}`");
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

fn read_contexts(path: &Path) -> anyhow::Result<Object> {
    let text = match path == Path::new("-") {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(path),
    };
    let name = || path.display().to_string();
    let json: Json = serde_json::from_str(&text.with_context(name)?).with_context(name)?;
    contexts(&json).map_err(|message| anyhow!(message)).with_context(name)
}

/// One line out for each line in; flushed whenever no further line is there yet, so that a program
/// may also ask one thing at a time.
fn batch(evaluation: &Evaluation<'_>) -> anyhow::Result<ExitCode> {
    let mut input = BufReader::with_capacity(1 << 16, std::io::stdin().lock());
    let mut output = BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).context("standard input")? > 0 {
        let answer = evaluation.answer(&line);
        let mut written = writeln!(output, "{answer}");
        if input.buffer().is_empty() {
            written = written.and_then(|()| output.flush());
        }
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => anyhow::bail!(ClosedPipe),
            written => written?,
        }
        line.clear();
    }
    Ok(ExitCode::SUCCESS)
}
