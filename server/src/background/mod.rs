//! Tasks with names, reconcilers, and the wake-ups between them.
//!
//! Does not know any domain.

mod reconciler;
mod tasks;
mod wakeups;

pub use reconciler::{Pass, Reconciler, run_reconciler};
pub use tasks::Tasks;
pub use wakeups::{Topic, Wakeups};
