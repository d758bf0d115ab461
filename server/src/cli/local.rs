//! The commands that read files and print: no server, no database, no containers.
//!
//! Invariant: exit code 0 when nothing is wrong, 1 when the files are, 2 when they could not be read.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Subcommand;

use super::{check, expr, output, plan};

/// What could not be read.
pub(super) const UNREADABLE: u8 = 2;

/// A command that works on files.
#[derive(Debug, Subcommand)]
pub(crate) enum LocalCommand {
    /// Check workflow and action files.
    Check(check::CheckArguments),
    /// Show the runs and jobs that an event would create.
    Plan(plan::PlanArguments),
    /// Evaluate an expression.
    Expr(expr::ExprArguments),
}

/// Carries a command out; an error is something that could not be read.
pub(crate) fn run_local(command: LocalCommand) -> ExitCode {
    let outcome = match command {
        LocalCommand::Check(arguments) => check::run(&arguments),
        LocalCommand::Plan(arguments) => plan::run(&arguments),
        LocalCommand::Expr(arguments) => expr::run(&arguments),
    };
    match outcome {
        Ok(code) => code,
        // Whoever read our output has seen enough.
        Err(error) if error.is::<output::ClosedPipe>() => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: {error:#}"));
            ExitCode::from(UNREADABLE)
        }
    }
}

/// Writes a line to standard error.
pub(super) fn complain(text: &str) {
    // Nowhere to report a broken standard error to.
    drop(writeln!(std::io::stderr(), "{text}"));
}
