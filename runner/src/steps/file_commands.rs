//! The files a step may write to speak to the runner (`semantics` 5.6).
//!
//! Reads them through the shim, as a process of the job would, so a symlink in their place leads
//! nowhere but into the container. Invariant: each process has files of its own.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use gantry_workflow::command::{check_summary_size, parse_env, parse_pairs, parse_path};

use nix::fcntl::OFlag;

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
        apply(contents, effects, log);
        Ok(())
    }

    /// Makes the files in a directory of the runner's own, for a container that it is mounted into.
    pub(super) fn create(&self, directory: &Path) -> io::Result<()> {
        // Whichever user the image has writes there; nobody else of this machine gets that far.
        fs::create_dir_all(directory)?;
        fs::set_permissions(directory, Permissions::from_mode(0o777))?;
        for name in self.names() {
            let file = OpenOptions::new().create(true).append(true).open(directory.join(name))?;
            file.set_permissions(Permissions::from_mode(0o666))?;
        }
        Ok(())
    }

    /// As [`Self::read`], from the directory of [`Self::create`] once the container has ended.
    pub(super) fn take(&self, directory: &Path, effects: &mut Effects, log: &mut StepLog) {
        let mut contents = Vec::new();
        for name in self.names() {
            match read_plain_file(&directory.join(name)) {
                Ok(bytes) => contents.push(Some(bytes)),
                Err(error) => {
                    log.error("Unable to process file commands successfully.");
                    log.error(&format!("reading `{name}`: {error}"));
                    effects.failed = true;
                    contents.push(None);
                }
            }
        }
        apply(contents, effects, log);
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(|path| path.rsplit('/').next().unwrap_or(path))
    }
}

/// A symlink that a container has put in the place of a file leads nowhere.
fn read_plain_file(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    if !file.metadata()?.is_file() || file.metadata()?.len() > LARGEST_FILE_BYTES {
        return Err(io::Error::other(format!(
            "it is no file of at most {LARGEST_FILE_BYTES} bytes"
        )));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What the files in the order of [`FILES`] ask for.
fn apply(mut contents: Vec<Option<Vec<u8>>>, effects: &mut Effects, log: &mut StepLog) {
    contents.resize(FILES.len(), None);
    let texts: Vec<String> = contents
        .into_iter()
        .map(|file| String::from_utf8_lossy(&file.unwrap_or_default()).into_owned())
        .collect();
    let [env, output, path, state, summary] = texts.as_slice() else { return };
    apply_env(env, effects, log);
    apply_output(output, effects, log);
    effects.path.extend(parse_path(path));
    apply_state(state, effects, log);
    match check_summary_size(summary.len() as u64) {
        Some(message) => log.error(&message),
        None => effects.summary.push_str(summary),
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
