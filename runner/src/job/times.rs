//! When the running step began, over a restart of the runner.

use std::fs;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::infra_error::InfraError;
use crate::replace_file::overwrite_file;
use crate::workspace::JobDirectory;

/// One step's beginning.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct StepTimes {
    number: u32,
    pub(super) started_at: DateTime<Utc>,
}

impl StepTimes {
    /// The beginning noted for the step, or now, which is noted.
    pub(super) fn of(directory: &JobDirectory, number: u32) -> Result<Self, InfraError> {
        let path = directory.root().join("step.json");
        let noted: Option<Self> =
            fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        if let Some(noted) = noted.filter(|noted| noted.number == number) {
            return Ok(noted);
        }
        let times = Self { number, started_at: Utc::now() };
        let bytes = serde_json::to_vec(&times).unwrap_or_default();
        overwrite_file(&path, &bytes)?;
        Ok(times)
    }
}
