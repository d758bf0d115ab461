//! Tasks with a name. The only place that calls `tokio::spawn`.
//!
//! Does not restart anything. Invariant: a task never outlives the value returned for it, unless
//! that is detached on purpose.

use std::future::Future;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinHandle;
use tracing::Instrument;

/// A running task; dropping it stops the task at its next await.
#[derive(Debug)]
pub(crate) struct Task<T>(Option<JoinHandle<T>>);

/// Runs `future` beside the caller.
pub(crate) fn spawn<T: Send + 'static>(
    name: &'static str,
    future: impl Future<Output = T> + Send + 'static,
) -> Task<T> {
    let span = tracing::debug_span!("task", name);
    #[expect(clippy::disallowed_methods, reason = "this is the place the rule points to")]
    let handle = tokio::spawn(future.instrument(span));
    Task(Some(handle))
}

/// Does work that blocks for as long as a disk likes, while other threads take over the tasks of
/// this one.
pub(crate) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        // There is no other thread.
        _ => work(),
    }
}

/// The same beside the caller, who can stop waiting; the work itself goes on to its end. `None` when it
/// panicked or the runtime is shutting down.
pub(crate) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

impl<T> Task<T> {
    /// The task's value; `None` when it panicked or the runtime is shutting down.
    pub(crate) async fn join(mut self) -> Option<T> {
        match self.0.as_mut() {
            Some(handle) => handle.await.ok(),
            None => None,
        }
    }

    /// Lets the task go on by itself.
    pub(crate) fn detach(mut self) {
        drop(self.0.take());
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.0.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            handle.abort();
        }
    }
}
