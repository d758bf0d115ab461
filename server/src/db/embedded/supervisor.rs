//! Runs `postgres` as a child and starts it again when it dies.
//!
//! The child is spawned and awaited on a thread of its own. Invariant: after [`Supervisor::stop`]
//! returns there is no child.

use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// After SIGKILL of the first process its old sessions may hold the shared memory for a moment, and
/// a new one exits at once.
const RESTART_DELAY: Duration = Duration::from_millis(100);

/// The thread that owns the child.
#[derive(Debug)]
pub(super) struct Supervisor {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_stopping: bool,
    /// How often the child has ended by itself.
    n_ended: u32,
    pid: Option<i32>,
}

impl Supervisor {
    /// `build` makes the command; it is called for every start.
    pub(super) fn start(
        build: impl Fn() -> std::io::Result<Command> + Send + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let for_thread = shared.clone();
        let thread = std::thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || supervise(&for_thread, build))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// How often the database has ended by itself since the start.
    pub(super) fn n_ended(&self) -> u32 {
        self.shared.lock().n_ended
    }

    /// Asks for an orderly end and waits for it. Blocks.
    pub(super) fn stop(&mut self) {
        self.shared.ask_to_stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop();
    }
}

fn supervise(shared: &Shared, build: impl Fn() -> std::io::Result<Command>) {
    while let Some(child) = shared.spawn(&build) {
        if let Some(mut child) = child {
            let status = child.wait();
            shared.ended(&status);
        }
        shared.wait_before_restart();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` when the server stops; `Some(None)` when the start failed and is worth a retry.
    fn spawn(&self, build: &impl Fn() -> std::io::Result<Command>) -> Option<Option<Child>> {
        // The lock is held over the start, so that a stop cannot slip in before the pid is known.
        let mut state = self.lock();
        if state.is_stopping {
            return None;
        }
        match build().and_then(|mut command| command.spawn()) {
            Ok(child) => {
                state.pid = i32::try_from(child.id()).ok();
                Some(Some(child))
            }
            Err(error) => {
                tracing::error!(error = %error, "the database could not be started");
                Some(None)
            }
        }
    }

    fn ended(&self, status: &std::io::Result<std::process::ExitStatus>) {
        let mut state = self.lock();
        state.pid = None;
        if !state.is_stopping {
            state.n_ended += 1;
            tracing::error!(?status, "the database ended by itself and is started again");
        }
    }

    fn wait_before_restart(&self) {
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, RESTART_DELAY, |s| !s.is_stopping);
        drop(waited);
    }

    fn ask_to_stop(&self) {
        let mut state = self.lock();
        state.is_stopping = true;
        if let Some(pid) = state.pid {
            let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
        }
        self.changed.notify_all();
    }
}
