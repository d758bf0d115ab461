//! What goes wrong on the runner's side, as opposed to in the user's code.
//!
//! Each variant is one sentence for people: what happened, to what, and what to do. Invariant: no
//! secret is ever part of a message.

use std::path::PathBuf;

/// The runner or its machine failed and not the job.
#[derive(Debug, thiserror::Error)]
pub enum InfraError {
    #[error(
        "no container engine answers at {host}: {reason}; start it, or name another with --docker-host"
    )]
    EngineUnreachable { host: String, reason: String },

    #[error(
        "image `{image}` is not on this machine and could not be pulled: {reason}; build it, or map the label to another image with --image LABEL=IMAGE"
    )]
    ImageMissing { image: String, reason: String },

    #[error(
        "no image is known for `runs-on: [{labels}]`; map one of the labels with --image LABEL=IMAGE"
    )]
    NoImageForLabels { labels: String },

    #[error("the container engine refused to {operation}: {reason}")]
    Engine { operation: String, reason: String },

    #[error("the job's container ended before the job did: {reason}")]
    ContainerEnded { reason: String },

    #[error("the connection to the job's container was lost: {reason}")]
    Shim { reason: String },

    #[error("{operation} `{path}`: {source}")]
    Disk {
        operation: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },

    #[error("no space is left on the runner's disk (`{path}` has {free_kib} KiB free)")]
    DiskFull { path: PathBuf, free_kib: u64 },

    #[error("the server refused a part of the log with {status}: {message}")]
    LogRefused { status: u16, message: String },

    #[error("the job was taken from this runner: {reason}")]
    LeaseLost { reason: String },
}

impl InfraError {
    pub(crate) fn disk(
        operation: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Disk { operation, path, source }
    }
}
