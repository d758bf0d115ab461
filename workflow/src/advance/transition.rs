//! What `advance` asks its caller to do, in order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::state::{Conclusion, LegKey};
use crate::expr::Value;
use crate::model::JobId;
use crate::plan::ConcurrencySlot;

/// One change of a run. The caller applies all of them, in order, or none.
#[derive(Clone, Debug)]
pub enum Transition {
    /// Needs are met and `if` is true: the job becomes these legs (one without a matrix).
    Expand { job: JobId, legs: Vec<NewLeg>, fail_fast: bool, max_parallel: Option<u32> },
    /// The job ends without legs. `reason` is for people: "`if` is false", "needs `a` failed".
    End { job: JobId, name: String, conclusion: Conclusion, reason: String },
    /// The leg asks for its concurrency group. Whether it holds it then is for the store to say, by
    /// [`super::Group::admit`].
    Claim { leg: LegKey, slot: ConcurrencySlot },
    /// The leg waits for its environment's rules to be met. `reason` is for people.
    Wait { leg: LegKey, environment: String, reason: String },
    /// The leg may be leased.
    Queue { leg: LegKey },
    /// The leg's called jobs come up; each is blocked. Those that are there already stay as they are.
    Enter { leg: LegKey, jobs: Vec<NewJob> },
    /// The leg's called jobs have all ended, and it with them. A `reason` says what went wrong in
    /// the leg itself.
    Leave {
        leg: LegKey,
        conclusion: Conclusion,
        outputs: BTreeMap<String, String>,
        reason: Option<String>,
    },
    /// The leg ends without having run, or is refused by a reviewer.
    Conclude { leg: LegKey, conclusion: Conclusion, reason: String },
    /// A running leg is told to cancel; it concludes later, through the runner.
    RequestCancel { leg: LegKey, reason: String, timed_out: bool },
    /// A running leg is over without its runner, which loses it.
    Abandon { leg: LegKey, conclusion: Conclusion, reason: String },
    /// The run is cancelled, as if somebody had asked for it.
    CancelRun { reason: String, is_forced: bool },
    /// The run is over.
    ConcludeRun { conclusion: Conclusion },
}

/// A job that has come up and is blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    pub key: JobId,
    /// As far as it is known before the needs are.
    pub name: String,
    pub needs: Vec<JobId>,
}

/// A leg to create.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewLeg {
    /// GitHub's display name: `test (3.11, linux)`.
    pub name: String,
    /// The `matrix` context; null without a matrix.
    pub matrix: Value,
    /// The `strategy` context.
    pub strategy: Value,
    pub runs_on: Vec<String>,
    pub environment: Option<String>,
    pub continue_on_error: bool,
    /// The `inputs` of what the leg calls; absent for a leg with steps.
    #[serde(default)]
    pub call: Option<Value>,
    /// Minutes; 360 when the file does not say.
    pub timeout_minutes: u32,
    /// Minutes that a cancelled leg may go on; 5 when the file does not say.
    pub cancel_timeout_minutes: u32,
    /// The job's concurrency group.
    #[serde(default)]
    pub concurrency: Option<ConcurrencySlot>,
}
