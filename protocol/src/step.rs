//! Progress of a job's steps.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::LeaseToken;
use gantry_workflow::advance::Conclusion;

/// `PUT` [`crate::routes::steps`]. The newest state of some steps; all are stored or none is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepUpdates {
    pub lease: LeaseToken,
    /// At most [`MAX_STEP_UPDATES`].
    pub updates: Vec<StepUpdate>,
}

/// Largest number of steps that a runner reports at once.
pub const MAX_STEP_UPDATES: usize = 100;

/// Longest name of a step, in bytes; the rest is cut.
pub const MAX_NAME_BYTES: usize = 4096;

/// The newest state of one step; an update with a lower `revision` than the stored one is accepted
/// and ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepUpdate {
    /// From 1, in the order of the jobs API.
    pub number: u32,
    pub revision: u32,
    pub name: String,
    pub status: StepStatus,
    /// Result after `continue-on-error`; present once completed.
    pub conclusion: Option<Conclusion>,
    /// Result before `continue-on-error`.
    pub outcome: Option<Conclusion>,
    pub started_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    Queued,
    InProgress,
    Completed,
}

impl StepStatus {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }
}
