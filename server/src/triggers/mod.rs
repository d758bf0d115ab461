//! Event to workflows to run; cron; manual dispatch.
//!
//! Stands above `deliveries`: takes deliveries from the inbox, and puts dispatches and due schedules
//! into it, so that everything that starts a run goes one way.
//!
//! Invariant: what a delivery starts, and its end, are one transaction; git is asked before it.

mod announce;
mod calls;
mod dispatch;
mod event;
mod feedback;
mod files;
mod inspect;
mod ledger;
mod merge_commit;
mod preview;
mod process;
mod schedules;
mod selection;
mod tick;

pub use announce::announce_runs;
pub use dispatch::{Dispatch, DispatchError, RepositoryDispatch, dispatch, dispatch_to_repository};
pub use inspect::{DispatchForm, InspectedFile, dispatch_form, inspect};
pub use ledger::{FiringView, ScheduleView, schedule_ledger};
pub use preview::{PreviewRequest, PreviewedFile, PreviewedJob, preview};
pub use process::{next_delivery, process_deliveries};
pub use schedules::read_default_branch;
pub use tick::{next_schedule, tick_schedules};
