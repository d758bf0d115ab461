//! Workflow files at a commit, read from a git repository on this machine.
//!
//! Runs the `git` program and never writes. Nothing that came from outside (refs, paths, messages)
//! is ever read by git as an option or by a shell.

mod called;
mod changes;
mod commit;
mod files;
mod git;
mod objects;
mod refs;

pub use called::{CalledFileError, called_file};
pub use changes::{changed_files, changed_since_merge_base};
pub use commit::{commit_id, resolve_branch_or_tag};
pub use files::{File, WorkflowFile};
pub use git::GitError;
pub use objects::Objects;
pub use refs::{Refs, list_refs};
