//! What the last pass of each reconciler did, for the administrator.
//!
//! Memory only: after a restart the first passes fill it again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// One finished pass.
#[derive(Clone, Debug)]
pub struct PassRecord {
    pub ended_at: DateTime<Utc>,
    pub duration: Duration,
    /// How many items it changed, or why it failed.
    pub outcome: Result<u64, String>,
}

/// The newest record of each reconciler.
#[derive(Clone, Debug, Default)]
pub struct Passes(Arc<Mutex<BTreeMap<&'static str, PassRecord>>>);

impl Passes {
    pub fn record(&self, name: &'static str, record: PassRecord) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, record);
    }

    /// By name of reconciler.
    #[must_use]
    pub fn newest(&self) -> BTreeMap<&'static str, PassRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
