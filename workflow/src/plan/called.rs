//! The files of a run besides its own: the reusable workflows that it calls.
//!
//! Fetches nothing. Invariant: a file is named by its reference, so that every call of the same
//! reference within a run means the same commit.

use serde::{Deserialize, Serialize};

use super::permissions::DefaultPermissions;
use crate::model::{CallUses, Workflow};

/// Where a workflow file comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSource {
    /// `owner/name`.
    pub repository: String,
    /// `.github/workflows/ci.yml`.
    pub path: String,
    /// The full ref, or the commit where a caller named one.
    pub git_ref: String,
    /// The commit the file was read at.
    pub sha: String,
}

impl FileSource {
    /// `owner/name/.github/workflows/ci.yml@refs/heads/main`.
    #[must_use]
    pub fn to_ref(&self) -> String {
        format!("{}/{}@{}", self.repository, self.path, self.git_ref)
    }
}

/// A reusable workflow that a run calls.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CalledWorkflow {
    /// What callers write, with `./` written out: `owner/name/.github/workflows/f.yml@v1`.
    pub reference: String,
    pub source: FileSource,
    /// Its `path` is the reference, as in GitHub's messages.
    pub workflow: Workflow,
}

/// A workflow file and everything it calls.
#[derive(Clone, Debug)]
pub struct LoadedWorkflow {
    pub workflow: Workflow,
    /// Absent where nobody knows; such a file can call no `./` file.
    pub source: Option<FileSource>,
    pub called: Vec<CalledWorkflow>,
    /// What the repository gives to files that say nothing about permissions.
    pub default_permissions: DefaultPermissions,
}

impl From<Workflow> for LoadedWorkflow {
    /// A file that calls nothing.
    fn from(workflow: Workflow) -> Self {
        let default_permissions = DefaultPermissions::default();
        Self { workflow, source: None, called: Vec::new(), default_permissions }
    }
}

/// The reference of a file that is called out of `caller`.
pub(crate) fn reference(uses: &CallUses, caller: Option<&FileSource>) -> String {
    match (uses, caller) {
        (CallUses::Local { path }, Some(caller)) => {
            format!("{}/{path}@{}", caller.repository, caller.sha)
        }
        (CallUses::Local { .. }, None) | (CallUses::Repository { .. }, _) => uses.to_string(),
    }
}

/// Finds what `uses` stands for in a file of `caller`.
pub(crate) fn find<'a>(
    called: &'a [CalledWorkflow],
    uses: &CallUses,
    caller: Option<&FileSource>,
) -> Option<&'a CalledWorkflow> {
    let reference = reference(uses, caller);
    called.iter().find(|file| file.reference == reference)
}
