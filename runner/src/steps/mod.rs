//! What a step does, by kind: `run` scripts, built-in actions, actions in JavaScript, in containers
//! and composite ones, waiting for others; and the order in which any step is evaluated.
//!
//! Does not go through a job's steps ([`crate::job`]). Invariant: the processes of a step have names
//! that only depend on the step's place, so a restarted runner finds them again.

mod action;
mod artifact_names;
mod cache;
mod cache_plan;
mod checkout;
mod composite;
mod control;
mod docker;
mod download_artifact;
mod environment;
mod execute;
mod file_commands;
mod head;
mod merge_artifacts;
mod node;
mod out_of_disk;
mod out_of_memory;
mod process;
mod program;
mod run;
mod setup_cache;
mod setup_tool;
mod shell;
mod stage;
mod step_inputs;
mod step_run;
mod store_step;
mod upload_artifact;

pub(crate) use stage::Stage;
pub(crate) use step_run::{EndedStep, PreparedStep, Surroundings, prepare, run};
