//! Tasks with names, reconcilers, and the wake-ups between them.
//!
//! Does not know any domain.

mod passes;
mod reconciler;
mod tasks;
mod wakeups;

pub use passes::{PassRecord, Passes};
pub use reconciler::{
    NextDue, Pass, Reconciler, catch_panic, run_due_reconciler, run_pass_once, run_reconciler,
};
pub use tasks::Tasks;
pub use wakeups::{Topic, Wakeups};
