//! The commands that read files and print: no server, no database, no containers.
//!
//! Invariant: exit code 0 when nothing is wrong, 1 when the files are, 2 when they could not be read.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use gantry_workflow::yaml::MAX_CHARACTERS;

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

/// Bytes of a file that are read. A longer one has too many characters whatever they are, and the
/// beginning is enough for the reader to say so.
const MAX_BYTES: u64 = 4 * MAX_CHARACTERS as u64 + 4;

/// The text of a workflow or action file, or the beginning of one that is too long to be read.
pub(super) fn read_source(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    let is_cut = bytes.len() as u64 == MAX_BYTES;
    String::from_utf8(bytes).or_else(|error| match error.utf8_error() {
        // The cut went through a character.
        cut if is_cut && cut.error_len().is_none() => {
            let mut bytes = error.into_bytes();
            bytes.truncate(cut.valid_up_to());
            String::from_utf8(bytes).map_err(io::Error::other)
        }
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "stream did not contain valid UTF-8")),
    })
}

/// Writes a line to standard error.
pub(super) fn complain(text: &str) {
    // Nowhere to report a broken standard error to.
    drop(writeln!(std::io::stderr(), "{text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_long_is_read_as_far_as_it_takes_to_say_so() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        // The cut goes through a character.
        let text = format!("x{}", "é".repeat(3 * MAX_CHARACTERS));
        std::fs::write(file.path(), &text).expect("a text");
        let read = read_source(file.path()).expect("the beginning");
        assert!(read.len() > 4 * MAX_CHARACTERS && read.len() < text.len());
        let (_, diagnostics) = gantry_workflow::model::read_workflow("long.yml", &read);
        let message = "The maximum file size of 1048576 characters has been exceeded";
        assert_eq!(diagnostics[0].message, message);
    }

    #[test]
    fn what_is_no_text_is_an_error() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), b"on: push\n\xff").expect("bytes");
        let error = read_source(file.path()).expect_err("no text");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
