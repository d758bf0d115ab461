//! Event and filters: which workflow runs, for which ref and sha, and why each other one does not.
//!
//! Does not read files or call GitHub: changed files and file contents come in as values.

mod event;

pub use event::{Event, Origin, Selection, WorkflowSource};

use crate::model::Workflow;

/// The commit and ref `event` runs on, or why it starts nothing (deleted branch, unknown event).
pub fn origin(event: &Event<'_>, default_branch: &str) -> Result<Origin, String> {
    let _ = (event, default_branch);
    todo!()
}

/// Whether `workflow` starts for `event`, and if not, why not.
#[must_use]
pub fn select(workflow: &Workflow, event: &Event<'_>) -> Selection {
    let _ = (workflow, event);
    todo!()
}
