//! The backend of the tests: the shim as an ordinary process, without any container.
//!
//! Everything above a backend runs as it does in a container, at the speed of a process; there is
//! no isolation, no image and no service. Invariant: dropping the backend ends the processes, while
//! dropping only a job does not, as with an engine.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use gantry_protocol::JobId;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tokio::sync::mpsc::UnboundedSender;

use super::{
    ActionContainer, Backend, ContainerEnd, Credentials, EmptyDirectory, EngineSocket, Health,
    Holder, Image, ImageBuild, JobContainer, OpenSocket, Owner, Pending, ServiceContainer,
    StartedService, WarmOwner,
};
use crate::infra_error::InfraError;
use crate::workspace::{InsidePaths, JobDirectory};

/// Runs jobs as processes of this machine, with this user's rights. Only for tests.
#[derive(Debug, Default)]
pub struct ProcessBackend {
    /// By the name of the container that they stand for.
    shims: Mutex<HashMap<String, Child>>,
}

impl ProcessBackend {
    fn shims(&self) -> MutexGuard<'_, HashMap<String, Child>> {
        self.shims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, name: &str) -> Result<(), InfraError> {
        let shim = self.shims().remove(name);
        shim.map_or(Ok(()), end).map_err(InfraError::disk("ending the processes of", name))
    }
}

/// Begins the names of those that were started before there was a job for them.
const WARM: &str = "warm-";

fn warm_name(owner: &WarmOwner) -> String {
    format!("{WARM}{}", owner.id)
}

fn unsupported<T>(operation: &str) -> Result<T, InfraError> {
    Err(InfraError::Engine {
        operation: operation.to_owned(),
        reason: "processes have no containers".to_owned(),
    })
}

impl Backend for ProcessBackend {
    fn check(&self) -> Pending<'_, ()> {
        async { Ok(()) }.boxed()
    }

    fn image<'a>(&'a self, name: &'a str) -> Pending<'a, Image> {
        async move { Ok(Image { name: name.to_owned(), ..Image::default() }) }.boxed()
    }

    fn private_image<'a>(
        &'a self,
        name: &'a str,
        _credentials: &'a Credentials,
    ) -> Pending<'a, Image> {
        self.image(name)
    }

    fn shared_network(&self) -> Pending<'_, String> {
        async { Ok(String::new()) }.boxed()
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
            let name = match &container.owner {
                Holder::Job(owner) => owner.job.to_string(),
                Holder::Warm(owner) => warm_name(owner),
            };
            self.shims().insert(name.clone(), child);
            Ok(name)
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
            let mut shims = self.shims();
            let running =
                shims.get_mut(container).is_some_and(|shim| matches!(shim.try_wait(), Ok(None)));
            Ok((!running).then_some(ContainerEnd { exit_code: 137, out_of_memory: false }))
        }
        .boxed()
    }

    fn service_log<'a>(&'a self, _container: &'a str) -> Pending<'a, String> {
        async { unsupported("read the log of a service") }.boxed()
    }

    fn image_id<'a>(&'a self, name: &'a str) -> Pending<'a, Option<String>> {
        async move { Ok(Some(name.to_owned())) }.boxed()
    }

    fn build_image<'a>(
        &'a self,
        _build: &'a ImageBuild,
        _output: UnboundedSender<String>,
    ) -> Pending<'a, Result<(), String>> {
        async { unsupported("build an image") }.boxed()
    }

    fn kept_images<'a>(&'a self, _runner: &'a str) -> Pending<'a, Vec<String>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn remove_image<'a>(&'a self, _name: &'a str) -> Pending<'a, bool> {
        async { Ok(false) }.boxed()
    }

    fn start_action<'a>(&'a self, _action: &'a ActionContainer) -> Pending<'a, String> {
        async { unsupported("start the container of an action") }.boxed()
    }

    fn action_output<'a>(
        &'a self,
        _container: &'a str,
    ) -> BoxStream<'a, Result<Bytes, InfraError>> {
        futures_util::stream::once(async { unsupported("read the output of a container") }).boxed()
    }

    fn wait_for<'a>(&'a self, _container: &'a str) -> Pending<'a, i64> {
        async { unsupported("wait for a container") }.boxed()
    }

    fn signal<'a>(&'a self, _container: &'a str, _signal: &'a str) -> Pending<'a, ()> {
        async { unsupported("signal a container") }.boxed()
    }

    fn resume<'a>(&'a self, _container: &'a str) -> Pending<'a, ()> {
        async { Ok(()) }.boxed()
    }

    fn open_socket<'a>(&'a self, _opening: OpenSocket) -> Pending<'a, EngineSocket> {
        async { unsupported("open a socket of its own") }.boxed()
    }

    fn jobs<'a>(&'a self, _runner: &'a str) -> Pending<'a, BTreeSet<JobId>> {
        async { Ok(self.shims().keys().filter_map(|name| name.parse().ok()).collect()) }.boxed()
    }

    fn remove_job<'a>(&'a self, _runner: &'a str, job: JobId) -> Pending<'a, ()> {
        async move { self.remove(&job.to_string()) }.boxed()
    }

    fn warm_containers<'a>(&'a self, _runner: &'a str) -> Pending<'a, Vec<String>> {
        async {
            let shims = self.shims();
            Ok(shims.keys().filter(|name| name.starts_with(WARM)).cloned().collect())
        }
        .boxed()
    }

    fn remove_warm<'a>(&'a self, owner: &'a WarmOwner) -> Pending<'a, ()> {
        async move { self.remove(&warm_name(owner)) }.boxed()
    }

    fn empty_directory<'a>(&'a self, _emptied: &'a EmptyDirectory) -> Pending<'a, ()> {
        async { unsupported("empty a directory") }.boxed()
    }

    fn remove_container<'a>(&'a self, container: &'a str) -> Pending<'a, ()> {
        async move { self.remove(container) }.boxed()
    }

    fn inside_paths(&self, directory: &JobDirectory, externals: &Path) -> InsidePaths {
        InsidePaths {
            work: directory.work().display().to_string(),
            tools: directory.tools().display().to_string(),
            externals: externals.display().to_string(),
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

/// Ends the shim and everything below it; as it adopts orphans, that is all the job ever started.
fn end(mut shim: Child) -> std::io::Result<()> {
    // Stopped first, so that it does not start anything while its processes are ended.
    signal(shim.id(), Signal::SIGSTOP);
    let mut ended = HashSet::from([shim.id()]);
    let processes = processes()?;
    // A child may be listed before its parent; each round ends one more generation at least.
    loop {
        let children = processes.iter().filter(|(_, parent)| ended.contains(parent));
        let new: Vec<u32> = children.map(|(id, _)| *id).filter(|id| !ended.contains(id)).collect();
        if new.is_empty() {
            break;
        }
        new.iter().for_each(|id| signal(*id, Signal::SIGKILL));
        ended.extend(new);
    }
    shim.kill()?;
    shim.wait().map(drop)
}

fn signal(process: u32, signal: Signal) {
    // It may have ended meanwhile.
    let _ = nix::sys::signal::kill(Pid::from_raw(process.cast_signed()), signal);
}

/// All processes with their parents.
fn processes() -> std::io::Result<Vec<(u32, u32)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let path = entry?.path();
        let id = path.file_name().and_then(|name| name.to_str()?.parse().ok());
        let stat = std::fs::read_to_string(path.join("stat")).unwrap_or_default();
        // After the name, which may hold anything: the state and the parent.
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
        if let (Some(id), Some(parent)) = (id, parent.and_then(|parent| parent.parse().ok())) {
            found.push((id, parent));
        }
    }
    Ok(found)
}
