//! One job: set up, its steps in order, its end, and what must be remembered in between.
//!
//! Does not lease jobs ([`crate::listener`]) and does not know engines ([`crate::container`]).
//! Invariant: at any moment the runner may be killed, and the next one goes on with the job.

mod container_request;
mod contexts;
mod environment;
mod finish;
mod reporter;
mod run;
mod running;
mod services;
mod set_up;
mod signals;
mod state;
mod status;
mod step_loop;
mod step_names;
mod step_run;
mod times;

pub(crate) use contexts::{ActionScope, Scope, is_debug, runner_variables};
pub(crate) use environment::{EnvironmentParts, process_environment};
pub(crate) use run::{remove, run};
pub(crate) use running::{Host, RunningJob};
pub(crate) use signals::{Signals, cancelled};
pub(crate) use state::{JobState, StepResult};
pub(crate) use status::JobStatus;
pub(crate) use step_names::uses_text;
pub(crate) use step_run::{Surroundings, prepare as prepare_step, run as run_prepared_step};
