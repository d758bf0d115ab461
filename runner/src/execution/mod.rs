//! A job while it runs: its state, its contexts, and what it is told and tells.
//!
//! Runs nothing; [`crate::job`], [`crate::steps`] and [`crate::actions`] act on it. Invariant: what is
//! needed to go on with a job after a restart is in [`JobState`] and nowhere else.

mod action_record;
mod background_steps;
mod contexts;
mod environment;
mod reporter;
mod running;
mod signals;
mod state;
mod status;
mod step_names;
mod summaries;

pub(crate) use action_record::{Level, LogPosition, PreparedAction, RegisteredPost};
pub(crate) use background_steps::{
    BackgroundEnd, BackgroundStep, BackgroundSteps, JobCopy, NotedStep, pass_on,
};
pub(crate) use contexts::{ActionScope, RunningAction, Scope, is_debug, runner_variables};
pub(crate) use environment::{EnvironmentParts, process_environment};
pub(crate) use reporter::{Reporter, StepEnding};
pub(crate) use running::{Host, RunningJob, steps_of};
pub(crate) use signals::{Signals, cancelled, lost, told_at_once};
pub(crate) use state::{Containers, JobState, Record, RunningService, StepResult};
pub(crate) use status::{JobStatus, step_conclusion};
pub(crate) use step_names::{
    COMPLETE_JOB, INITIALIZE_CONTAINERS, SET_UP_JOB, STOP_CONTAINERS, StepNumbers, default_name,
    uses_text,
};
