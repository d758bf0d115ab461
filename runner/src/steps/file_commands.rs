//! The files a step may write to speak to the runner (`semantics` 5.6).
//!
//! Reads them through the shim, as a process of the job would, so a symlink in their place leads
//! nowhere but into the container. Invariant: each process has files of its own.

use gantry_workflow::command::{check_summary_size, parse_env, parse_pairs, parse_path};

use crate::infra_error::InfraError;
use crate::output::{Effects, StepLog};
use crate::shim::{NewFile, Shim, ShimError};

/// Largest file that is read; a larger one fails the step. All files of a step travel in one frame
/// of the shim, which takes 64 MiB.
const LARGEST_FILE_BYTES: u64 = 12 * 1024 * 1024;

/// Variable, and stem of the file's name.
const FILES: [(&str, &str); 5] = [
    ("GITHUB_ENV", "set_env"),
    ("GITHUB_OUTPUT", "set_output"),
    ("GITHUB_PATH", "add_path"),
    ("GITHUB_STATE", "save_state"),
    ("GITHUB_STEP_SUMMARY", "step_summary"),
];

/// The files of one process.
#[derive(Clone, Debug)]
pub(super) struct FileCommands {
    paths: [String; 5],
}

impl FileCommands {
    pub(super) fn new(directory: &str, process: &str) -> Self {
        Self { paths: FILES.map(|(_, stem)| format!("{directory}/{stem}_{process}")) }
    }

    /// Variables that tell the process where they are.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, String)> {
        FILES.iter().zip(&self.paths).map(|((name, _), path)| ((*name).to_owned(), path.clone()))
    }

    /// The empty files, to be made before the process starts.
    pub(super) fn new_files(&self) -> Vec<NewFile> {
        let empty = |path: &String| NewFile { path: path.clone(), contents: Vec::new() };
        self.paths.iter().map(empty).collect()
    }

    /// Adds what the process wrote to `effects`; what is wrong fails the step.
    pub(super) async fn read(
        &self,
        shim: &Shim,
        effects: &mut Effects,
        log: &mut StepLog,
    ) -> Result<(), InfraError> {
        let mut contents = Vec::new();
        match shim.read_files(self.paths.to_vec(), LARGEST_FILE_BYTES).await {
            Ok(files) => contents.extend(files),
            Err(ShimError::Refused(message)) => {
                log.error("Unable to process file commands successfully.");
                log.error(&message);
                effects.failed = true;
            }
            Err(error) => return Err(InfraError::Shim { reason: error.to_string() }),
        }
        contents.resize(FILES.len(), None);
        let texts: Vec<String> = contents
            .into_iter()
            .map(|file| String::from_utf8_lossy(&file.unwrap_or_default()).into_owned())
            .collect();
        let [env, output, path, state, summary] = texts.as_slice() else { return Ok(()) };
        apply_env(env, effects, log);
        apply_output(output, effects, log);
        effects.path.extend(parse_path(path));
        apply_state(state, effects, log);
        if let Some(message) = check_summary_size(summary.len() as u64) {
            log.error(&message);
        }
        Ok(())
    }
}

fn apply_env(text: &str, effects: &mut Effects, log: &mut StepLog) {
    let env = parse_env(text);
    env.refusals.iter().for_each(|refusal| log.error(refusal));
    effects.environment.extend(env.pairs.pairs);
    if let Some(error) = env.pairs.error {
        fail(&error.messages("env"), effects, log);
    }
}

fn apply_output(text: &str, effects: &mut Effects, log: &mut StepLog) {
    let output = parse_pairs(text);
    effects.outputs.extend(output.pairs);
    if let Some(error) = output.error {
        fail(&error.messages("output"), effects, log);
    }
}

fn apply_state(text: &str, effects: &mut Effects, log: &mut StepLog) {
    let state = parse_pairs(text);
    effects.state.extend(state.pairs);
    if let Some(error) = state.error {
        fail(&error.messages("state"), effects, log);
    }
}

fn fail(messages: &[String; 2], effects: &mut Effects, log: &mut StepLog) {
    messages.iter().for_each(|message| log.error(message));
    effects.failed = true;
}
