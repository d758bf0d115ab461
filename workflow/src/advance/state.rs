//! What is known about a run at one moment.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::protection::Protection;
use super::timers::Limits;
use crate::expr::Value;
use crate::model::JobId;
use crate::plan::ConcurrencySlot;

/// How a job leg or a run ended, in GitHub's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    Success,
    Failure,
    Cancelled,
    Skipped,
    TimedOut,
    Neutral,
    ActionRequired,
    Stale,
    StartupFailure,
}

impl Conclusion {
    /// The word used by the REST API, the database and the check runs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::TimedOut => "timed_out",
            Self::Neutral => "neutral",
            Self::ActionRequired => "action_required",
            Self::Stale => "stale",
            Self::StartupFailure => "startup_failure",
        }
    }
}

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Conclusion {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        const ALL: [Conclusion; 9] = [
            Conclusion::Success,
            Conclusion::Failure,
            Conclusion::Cancelled,
            Conclusion::Skipped,
            Conclusion::TimedOut,
            Conclusion::Neutral,
            Conclusion::ActionRequired,
            Conclusion::Stale,
            Conclusion::StartupFailure,
        ];
        ALL.into_iter()
            .find(|conclusion| conclusion.as_str() == word)
            .ok_or_else(|| format!("`{word}` is not a conclusion"))
    }
}

/// One leg of a job: the job itself when it has no matrix (`leg` 0).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LegKey {
    pub job: JobId,
    pub leg: u32,
}

/// Where a leg stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegStatus {
    /// Created, but held back by `max-parallel` or by its concurrency group, or not yet looked at.
    Pending,
    /// Held back by an environment's protection rules.
    Waiting,
    /// May be leased by a runner.
    Queued,
    /// A runner has it; a calling leg: its called jobs have begun.
    InProgress,
    Completed(Conclusion),
}

/// One leg as stored.
#[derive(Clone, Debug)]
pub struct LegState {
    pub status: LegStatus,
    /// `continue-on-error` as evaluated when the leg was created.
    pub continue_on_error: bool,
    /// The environment's name as evaluated when the leg was created.
    pub environment: Option<String>,
    /// What a calling job's leg hands to what it calls; absent for a leg with steps.
    pub call: Option<Call>,
    /// The newest review of the waiting deployment, if any.
    pub review: Option<Review>,
    /// The job's concurrency group as evaluated when the leg was created.
    pub concurrency: Option<ConcurrencySlot>,
    pub slot: SlotState,
    /// Minutes it may run.
    pub timeout_minutes: u32,
    /// Minutes it may go on after it was told to cancel.
    pub cancel_timeout_minutes: u32,
    /// Since when it has been waiting, queued or in progress; `None` when that begins now.
    pub since: Option<DateTime<Utc>>,
    /// A cancellation was asked for and the runner was told.
    pub cancel_requested: bool,
    /// When; `None` when that is now.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// The cancellation was asked for because its time was up.
    pub timed_out: bool,
    /// Non-empty outputs; only of completed legs.
    pub outputs: BTreeMap<String, String>,
    /// Order of completion within the run; later legs overwrite outputs of earlier ones.
    pub completed_order: Option<u64>,
    /// It has the result of an earlier attempt and did not run in this one.
    pub is_kept: bool,
}

/// Where a run or a leg stands with its concurrency group (`semantics` 4.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SlotState {
    /// It has not asked for a group.
    #[default]
    Unclaimed,
    /// It waits for the holder of its group.
    Pending,
    Held,
    /// It holds its group and has to make room: why, in words.
    Evicted(String),
    /// It waited, and will never hold its group: why, in words.
    Refused(String),
}

/// What the called jobs and their secrets are made from.
#[derive(Clone, Debug)]
pub struct Call {
    /// The calling leg's display name, which stands before the names of the called jobs.
    pub name: String,
    /// The `inputs` context of the called file.
    pub inputs: Value,
    /// The `matrix` and `strategy` contexts of the calling leg.
    pub matrix: Value,
    pub strategy: Value,
}

/// A reviewer's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Review {
    Approved,
    Rejected,
}

/// One job of the file: not expanded yet, or a list of legs.
#[derive(Clone, Debug, Default)]
pub enum JobState {
    /// Needs are not met, or nothing has looked at it yet.
    #[default]
    Blocked,
    /// The strategy has been evaluated; never empty.
    Expanded { legs: Vec<LegState>, fail_fast: bool, max_parallel: Option<u32> },
    /// Ended without legs: skipped, cancelled, or failed in evaluation.
    Ended(Conclusion),
}

/// Everything `advance` reads besides the plan.
#[derive(Clone, Debug, Default)]
pub struct RunState {
    /// Somebody asked for the run to be cancelled.
    pub cancel_requested: bool,
    /// Who asked and why, in words; shown at every job that is cancelled for it.
    pub cancel_reason: Option<String>,
    /// The cancellation leaves nothing running, whatever `if` says.
    pub cancel_forced: bool,
    /// Where the run stands with the workflow's concurrency group.
    pub slot: SlotState,
    /// When this attempt began; `None` when that is now.
    pub started_at: Option<DateTime<Utc>>,
    pub limits: Limits,
    /// By job id. A job that is not listed is [`JobState::Blocked`].
    pub jobs: BTreeMap<JobId, JobState>,
    /// By environment name in lower case. An environment that is not listed has no rules.
    pub protections: BTreeMap<String, Protection>,
}
