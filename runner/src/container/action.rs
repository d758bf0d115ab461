//! What a backend needs to know to run an action in a container of its own.

use std::path::PathBuf;

use super::spec::{ContainerSpec, Owner, SocketMount};

/// A container that runs one stage of an action beside the job container.
#[derive(Clone, Debug)]
pub struct ActionContainer {
    pub owner: Owner,
    /// The name of the step's process, unique within the job.
    pub process: String,
    pub spec: ContainerSpec,
    pub mounts: ActionMounts,
    /// As of the job container.
    pub docker_socket: SocketMount,
    /// The job container, whose processes must not move directories while they are mounted.
    pub job_container: String,
}

/// Directories of the job that the action sees below `/github`.
#[derive(Clone, Debug)]
pub struct ActionMounts {
    /// The job's work directory, which its processes can change.
    pub work: PathBuf,
    /// The workspace's path below it.
    pub workspace: Vec<String>,
    /// The files of the step's file commands; no process of the job container sees them.
    pub file_commands: PathBuf,
}

impl ActionMounts {
    /// Where the action sees which directory of the job.
    #[must_use]
    pub fn shared(&self) -> [(Vec<String>, &'static str); 4] {
        let below = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        [
            (self.workspace.clone(), "/github/workspace"),
            (below(&["_temp"]), "/github/runner_temp"),
            (below(&["_temp", "_github_home"]), "/github/home"),
            (below(&["_temp", "_github_workflow"]), "/github/workflow"),
        ]
    }
}

/// An image made of a `Dockerfile`.
#[derive(Clone, Debug)]
pub struct ImageBuild {
    /// The job it is for, if it is of no use to others.
    pub owner: Owner,
    pub is_for_job: bool,
    pub tag: String,
    /// A tar archive.
    pub context: Vec<u8>,
    /// Relative to the context.
    pub dockerfile: String,
}
