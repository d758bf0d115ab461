//! What a step says about itself in Markdown.

use serde::{Deserialize, Serialize};

use crate::ids::LeaseToken;

/// `PUT` [`crate::routes::summary`]. The whole summary of one step, masked by the runner; replaces
/// what was stored for the step before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSummary {
    pub lease: LeaseToken,
    /// As in the jobs API.
    pub step_number: u32,
    pub markdown: String,
}

/// Largest `markdown`, in bytes (GitHub's limit); the server refuses more with 413.
pub const MAX_SUMMARY_BYTES: usize = 1024 * 1024;
