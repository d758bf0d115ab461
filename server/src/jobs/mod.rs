//! Jobs: queue, lease, reap, complete, and why a job waits.
