//! The plan of one run, as it is stored.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::called::{CalledWorkflow, FileSource};
use super::permissions::DefaultPermissions;
use crate::expr::{Object, Value};
use crate::model::Workflow;

/// Version of the stored form; a reader refuses a newer one.
pub const PLAN_FORMAT: u32 = 2;

/// Everything that decides a run's fate, fixed when the run is created. Re-runs use it unchanged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunPlan {
    pub format: u32,
    pub workflow: Workflow,
    /// Where the workflow was read; absent in plans of format 1.
    #[serde(default)]
    pub source: Option<FileSource>,
    /// The reusable workflows it calls, and those that they call.
    #[serde(default)]
    pub called: Vec<CalledWorkflow>,
    /// For jobs of files that say nothing about permissions.
    #[serde(default)]
    pub default_permissions: DefaultPermissions,
    pub contexts: RunContexts,
    /// `run-name` evaluated, or GitHub's default for the event (head commit's first line, ...).
    pub display_title: String,
    /// The workflow-level concurrency group, evaluated.
    pub concurrency: Option<ConcurrencySlot>,
}

/// The contexts that do not depend on a job.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RunContexts {
    /// Without `token`, which the runner adds.
    pub github: Value,
    pub inputs: Value,
    pub vars: Value,
}

/// An evaluated `concurrency:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConcurrencySlot {
    /// Compared ignoring case, within the repository.
    pub group: String,
    pub cancel_in_progress: bool,
    pub queue_max: bool,
}

impl RunContexts {
    /// What a further attempt changes: its number, and who asked for it.
    pub fn of_attempt(&mut self, number: u32, triggering_actor: &str) {
        let Value::Object(github) = &mut self.github else { return };
        let entries = &mut Arc::make_mut(github).entries;
        entries.insert("run_attempt".to_owned(), Value::string(number.to_string()));
        entries.insert("triggering_actor".to_owned(), Value::string(triggering_actor));
    }

    /// The contexts by name, as expressions read them.
    #[must_use]
    pub fn to_object(&self) -> Object {
        [("github", &self.github), ("inputs", &self.inputs), ("vars", &self.vars)]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect()
    }
}
