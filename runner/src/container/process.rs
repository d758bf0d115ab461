//! The backend of the tests: the shim as an ordinary process, without any container.
//!
//! Everything above a backend runs as it does in a container, at the speed of a process; there is
//! no isolation, no image and no service. Invariant: dropping the backend ends the processes, while
//! dropping only a job does not, as with an engine.

use std::collections::{BTreeSet, HashMap};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use gantry_protocol::JobId;

use super::{
    Backend, ContainerEnd, Health, Image, JobContainer, Owner, Pending, ServiceContainer,
    StartedService,
};
use crate::infra_error::InfraError;
use crate::workspace::{InsidePaths, JobDirectory};

/// Runs jobs as processes of this machine, with this user's rights. Only for tests.
#[derive(Debug, Default)]
pub struct ProcessBackend {
    shims: Mutex<HashMap<JobId, Child>>,
}

impl ProcessBackend {
    fn shims(&self) -> MutexGuard<'_, HashMap<JobId, Child>> {
        self.shims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unsupported<T>(operation: &str) -> Result<T, InfraError> {
    Err(InfraError::Engine {
        operation: operation.to_owned(),
        reason: "processes have no services".to_owned(),
    })
}

impl Backend for ProcessBackend {
    fn check(&self) -> Pending<'_, ()> {
        async { Ok(()) }.boxed()
    }

    fn image<'a>(&'a self, name: &'a str) -> Pending<'a, Image> {
        async move { Ok(Image { name: name.to_owned(), ..Image::default() }) }.boxed()
    }

    fn create_network<'a>(&'a self, _owner: &'a Owner) -> Pending<'a, String> {
        async { unsupported("create a network") }.boxed()
    }

    fn start_job<'a>(&'a self, container: &'a JobContainer) -> Pending<'a, String> {
        async move {
            let child = Command::new(&container.mounts.shim_program)
                .arg(&container.mounts.shim)
                .envs(container.spec.environment.iter().map(|(name, value)| (name, value)))
                .stdin(Stdio::null())
                .process_group(0)
                .spawn()
                .map_err(InfraError::disk("running", &container.mounts.shim_program))?;
            let job = container.owner.job;
            self.shims().insert(job, child);
            Ok(job.to_string())
        }
        .boxed()
    }

    fn start_service<'a>(&'a self, _service: &'a ServiceContainer) -> Pending<'a, StartedService> {
        async { unsupported("start a service") }.boxed()
    }

    fn health<'a>(&'a self, _container: &'a str) -> Pending<'a, Health> {
        async { unsupported("inspect a service") }.boxed()
    }

    fn ended<'a>(&'a self, container: &'a str) -> Pending<'a, Option<ContainerEnd>> {
        async move {
            let job = container.parse().map_or(JobId(0), JobId);
            let mut shims = self.shims();
            let running =
                shims.get_mut(&job).is_some_and(|shim| matches!(shim.try_wait(), Ok(None)));
            Ok((!running).then_some(ContainerEnd { exit_code: 137, out_of_memory: false }))
        }
        .boxed()
    }

    fn service_log<'a>(&'a self, _container: &'a str) -> Pending<'a, String> {
        async { unsupported("read the log of a service") }.boxed()
    }

    fn jobs<'a>(&'a self, _runner: &'a str) -> Pending<'a, BTreeSet<JobId>> {
        async { Ok(self.shims().keys().copied().collect()) }.boxed()
    }

    fn remove_job<'a>(&'a self, _runner: &'a str, job: JobId) -> Pending<'a, ()> {
        async move {
            let shim = self.shims().remove(&job);
            shim.map_or(Ok(()), end).map_err(InfraError::disk("ending the processes of", "job"))
        }
        .boxed()
    }

    fn inside_paths(&self, directory: &JobDirectory) -> InsidePaths {
        InsidePaths {
            work: directory.work().display().to_string(),
            tools: directory.tools().display().to_string(),
            home: directory.home().display().to_string(),
            workflow: directory.workflow().display().to_string(),
        }
    }
}

impl Drop for ProcessBackend {
    fn drop(&mut self) {
        for (_, shim) in self.shims().drain() {
            // Nobody is left who could be told.
            let _ = end(shim);
        }
    }
}

/// Ends the shim; its orphans go to process 1, as nothing contains them.
fn end(mut shim: Child) -> std::io::Result<()> {
    shim.kill()?;
    shim.wait().map(drop)
}
