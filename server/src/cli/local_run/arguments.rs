//! The command line of `gantry run`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use gantry_workflow::model::Workflow;

use super::matrix_choice;
use crate::runner_arguments::RunnerArguments;

/// Run a workflow on this machine: no server, no database, with the files as they are now
#[derive(Debug, Args)]
pub(crate) struct LocalRunArguments {
    /// The workflow: file name or path; may be left out when the event starts a single one.
    pub(super) workflow: Option<String>,
    /// What happened; without it `push`, or what the workflow waits for.
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
    /// File with the payload of the event, as JSON; without it one is made from git.
    #[arg(long, value_name = "FILE")]
    pub(super) payload: Option<PathBuf>,
    /// Only this job and the jobs it needs.
    #[arg(long, value_name = "ID")]
    pub(super) job: Option<String>,
    /// Only legs of a matrix with this value; may be given several times.
    #[arg(long, value_parser = matrix_choice::parse, value_name = "KEY:VALUE")]
    pub(super) matrix: Vec<(String, String)>,
    /// An input of `workflow_dispatch`, which becomes the event.
    #[arg(long = "input", value_parser = pair, value_name = "NAME=VALUE")]
    pub(super) inputs: Vec<(String, String)>,
    /// A secret; without a value it is taken from the environment.
    #[arg(long = "secret", value_name = "NAME[=VALUE]")]
    secrets: Vec<String>,
    /// File with a secret per line: `NAME=VALUE`.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// A variable, as in `vars.NAME`.
    #[arg(long = "var", value_parser = pair, value_name = "NAME=VALUE")]
    pub(super) vars: Vec<(String, String)>,
    /// An environment variable of every step, weaker than those of the file.
    #[arg(long = "env", value_parser = pair, value_name = "NAME=VALUE")]
    pub(super) env: Vec<(String, String)>,
    /// Approve every deployment instead of asking.
    #[arg(long)]
    pub(super) approve: bool,
    /// Show the workflows and their jobs, and run nothing.
    #[arg(long)]
    pub(super) list: bool,
    /// Show the graph of jobs that would be run, and run nothing.
    #[arg(long, visible_alias = "graph")]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) runner: RunnerArguments,
}

impl LocalRunArguments {
    /// The event that happens: inputs are those of a dispatch, and a workflow that does not wait for
    /// a push gets what it waits for first.
    pub(super) fn event<'a>(&'a self, named: Option<&'a Workflow>) -> &'a str {
        if let Some(event) = &self.event {
            return event;
        }
        if !self.inputs.is_empty() {
            return "workflow_dispatch";
        }
        let waits_for =
            |event: &str| named.is_none_or(|it| it.on.iter().any(|on| on.event == event));
        let first = || named.and_then(|it| it.on.first()).map(|on| on.event.as_str());
        if waits_for("push") { "push" } else { first().unwrap_or("push") }
    }

    /// Secrets by name; those of the command line win over those of the file.
    pub(super) fn secrets(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut secrets = BTreeMap::new();
        if let Some(path) = &self.secret_file {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("reading the secrets in {}", path.display()))?;
            secrets.extend(lines(&text).with_context(|| path.display().to_string())?);
        }
        for given in &self.secrets {
            let (name, value) = match given.split_once('=') {
                Some((name, value)) => (name, value.to_owned()),
                None => (given.as_str(), from_environment(given)?),
            };
            secrets.insert(name.to_uppercase(), value);
        }
        Ok(secrets)
    }
}

#[expect(clippy::disallowed_methods, reason = "the command line asks for a variable by name")]
fn from_environment(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("the secret {name} is not in the environment"))
}

/// `NAME=VALUE` per line; empty lines and comments are skipped, and a value may be quoted.
fn lines(text: &str) -> anyhow::Result<Vec<(String, String)>> {
    let significant = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let lines = text.lines().map(str::trim).enumerate();
    lines
        .filter(|(_, line)| significant(line))
        .map(|(index, line)| {
            let (name, value) = pair(line).map_err(|_| {
                // Not the line itself, which may hold a secret.
                anyhow::anyhow!("line {} is not NAME=VALUE", index + 1)
            })?;
            let unquoted = ['"', '\''].into_iter().find_map(|quote| {
                value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote))
            });
            Ok((name.to_uppercase(), unquoted.unwrap_or(&value).to_owned()))
        })
        .collect()
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err(format!("`{text}` is not NAME=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_secrets_has_comments_quotes_and_equal_signs() {
        let text = "# mine\n\ntoken = abc=def\nQUOTED=\"a b\"\nEMPTY=\n";
        let expected = [("TOKEN", "abc=def"), ("QUOTED", "a b"), ("EMPTY", "")];
        let expected: Vec<_> =
            expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(lines(text).expect("pairs"), expected);
    }

    #[test]
    fn a_broken_line_is_named_and_not_shown() {
        let error = lines("A=1\nhunter2\n").expect_err("refused").to_string();
        assert_eq!(error, "line 2 is not NAME=VALUE");
    }
}
