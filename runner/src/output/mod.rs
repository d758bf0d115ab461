//! From the bytes a process writes to the log the server stores: lines, commands, masks, chunks.
//!
//! Does not start processes and does not know what a step is made of. Invariant: no line leaves
//! here unmasked, and no line is lost or sent twice, whatever is restarted.

mod annotations;
mod block;
mod commands;
mod follow;
mod journal;
mod lines;
mod masks;
mod problems;
mod queue;
mod shipper;
mod source_files;
mod spool;
mod step_log;

pub(crate) use commands::{CommandOptions, Effects, OutputReader};
pub(crate) use follow::{follow, follow_stream};
pub(crate) use masks::Masks;
pub(crate) use shipper::{Destination, JobLog, Shipper, start as start_shipper};
pub(crate) use source_files::SourceFiles;
pub(crate) use step_log::StepLog;
