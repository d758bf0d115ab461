//! Jobs: queue, lease, reap, complete, and why a job waits.

pub mod annotation_view;
pub mod view;
