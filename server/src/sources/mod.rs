//! Workflow files at a commit, from a git repository on this machine or from GitHub.
//!
//! Reads and never writes. Nothing that came from outside (refs, paths, messages) is ever read by git
//! as an option, by a shell, or as more than one segment of a URL.

mod called;
mod changes;
mod commit;
mod error;
mod files;
mod git;
mod objects;
mod refs;
mod remote;
mod remote_blobs;
mod source;

pub use called::{CalledFileError, called_file};
pub use error::SourceError;
pub use files::{File, WorkflowFile};
pub use git::GitError;
pub use objects::Objects;
pub use refs::Refs;
pub use source::{Changes, Source};
