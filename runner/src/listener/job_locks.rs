//! One holder per job: whoever runs it under one lease, or removes what that has left.
//!
//! A job may come back under a new lease while what it left under the old one is being removed, and
//! both have the same name on this machine. Invariant: a job is only begun when nothing of it is
//! being run or removed any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use gantry_protocol::JobId;
use tokio::sync::OwnedMutexGuard;

/// Held from a job's beginning, or its adoption, to the end of its removal.
pub(super) type JobLock = OwnedMutexGuard<()>;

/// The locks of all jobs that somebody holds or waits for.
#[derive(Debug, Default)]
pub(super) struct JobLocks(Mutex<HashMap<JobId, Weak<tokio::sync::Mutex<()>>>>);

impl JobLocks {
    pub(super) async fn lock(&self, job: JobId) -> JobLock {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            locks.retain(|_, lock| lock.strong_count() > 0);
            let existing = locks.get(&job).and_then(Weak::upgrade);
            existing.unwrap_or_else(|| {
                let lock = Arc::default();
                locks.insert(job, Arc::downgrade(&lock));
                lock
            })
        };
        lock.lock_owned().await
    }
}
