//! The end of a job.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::LeaseToken;
use gantry_workflow::advance::Conclusion;

/// `POST` [`crate::routes::complete`], after every log chunk has been accepted. The first one wins;
/// a repeated one with the same lease answers as the first did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CompleteJob {
    pub lease: LeaseToken,
    pub conclusion: Conclusion,
    /// Evaluated `jobs.<id>.outputs`, without empty ones and without any that hold a secret.
    pub outputs: BTreeMap<String, String>,
    pub annotations: Vec<Annotation>,
    /// `environment.url`, evaluated.
    pub environment_url: Option<String>,
    /// Set when the runner or its machine failed and not the user's code; for people.
    pub infrastructure_error: Option<String>,
    /// Number of log chunks sent; the server refuses to conclude while one is missing.
    pub log_chunks: u64,
}

/// A message about a place in the repository or in a step's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    pub level: AnnotationLevel,
    pub message: String,
    pub title: Option<String>,
    /// Relative to the repository; `None` for a message about the step itself.
    pub path: Option<String>,
    pub start_line: Option<u32>,
    pub end_line: Option<u32>,
    pub start_column: Option<u32>,
    pub end_column: Option<u32>,
    pub step_number: u32,
    /// Line of the step's log, from 0.
    pub log_line: Option<u64>,
}

/// GitHub's annotation levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnotationLevel {
    Notice,
    Warning,
    Failure,
}

impl AnnotationLevel {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }
}
