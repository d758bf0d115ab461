//! The trait that separates a job from the engine that runs it.

use std::collections::BTreeSet;
use std::path::Path;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use gantry_protocol::JobId;
use tokio::sync::mpsc::UnboundedSender;

use super::action::{ActionContainer, ImageBuild};
use super::socket::{EngineSocket, OpenSocket};
use super::spec::{
    ContainerEnd, Credentials, EmptyDirectory, Health, Image, JobContainer, Owner,
    ServiceContainer, StartedService, WarmOwner,
};
use crate::infra_error::InfraError;
use crate::workspace::{InsidePaths, JobDirectory};

/// An answer of a backend that is still on its way.
pub type Pending<'a, T> = BoxFuture<'a, Result<T, InfraError>>;

/// What runs containers (or something that behaves alike).
///
/// Life cycle of a job: [`Backend::image`] for each image, [`Backend::create_network`] if there are
/// services, [`Backend::start_service`] for each, [`Backend::start_job`], [`Backend::start_action`] for
/// each stage of an action in a container, and at the end [`Backend::remove_job`], which removes all of
/// it. A job container lives until then: its first
/// process is the shim, and a job talks to its shim, never to the backend, to run something. A container
/// that [`Backend::start_job`] started for no job yet carries no job's label; whoever takes it for a job
/// removes it by [`Backend::remove_container`].
///
/// Threading: all methods may be called at once, for different jobs and for the same one.
///
/// Errors: an [`InfraError`] means that the job cannot go on and that it is not the user's fault.
/// `remove_job` of what is not there is no error. Nothing is retried here.
pub trait Backend: Send + Sync + 'static {
    /// Whether the engine answers at all.
    fn check(&self) -> Pending<'_, ()>;

    /// The image's settings; pulls the image if it is not there.
    fn image<'a>(&'a self, name: &'a str) -> Pending<'a, Image>;

    /// The image from where it comes from, with these credentials. It is asked for also when it is
    /// here, so that nobody gets an image that another job was allowed to see.
    fn private_image<'a>(
        &'a self,
        name: &'a str,
        credentials: &'a Credentials,
    ) -> Pending<'a, Image>;

    /// The network of jobs without services, in which they do not reach each other; answers its
    /// name.
    fn shared_network(&self) -> Pending<'_, String>;

    /// A network of the job's own; answers its name.
    fn create_network<'a>(&'a self, owner: &'a Owner) -> Pending<'a, String>;

    /// Creates and starts the job container with the shim as its first process; answers its id.
    fn start_job<'a>(&'a self, container: &'a JobContainer) -> Pending<'a, String>;

    fn start_service<'a>(&'a self, service: &'a ServiceContainer) -> Pending<'a, StartedService>;

    fn health<'a>(&'a self, container: &'a str) -> Pending<'a, Health>;

    /// Why a container is not running; `None` while it is.
    fn ended<'a>(&'a self, container: &'a str) -> Pending<'a, Option<ContainerEnd>>;

    /// What a service printed, the last part of it.
    fn service_log<'a>(&'a self, container: &'a str) -> Pending<'a, String>;

    /// What the image's name stands for at this moment; `None` when it is not on this machine.
    fn image_id<'a>(&'a self, name: &'a str) -> Pending<'a, Option<String>>;

    /// Builds an image; what that prints goes to `output`. The inner error is the build's own.
    fn build_image<'a>(
        &'a self,
        build: &'a ImageBuild,
        output: UnboundedSender<String>,
    ) -> Pending<'a, Result<(), String>>;

    /// The names of images that this runner has built and keeps for later jobs.
    fn kept_images<'a>(&'a self, runner: &'a str) -> Pending<'a, Vec<String>>;

    /// Removes an image; false when a container uses it.
    fn remove_image<'a>(&'a self, name: &'a str) -> Pending<'a, bool>;

    /// Creates and starts an action's container, unless that was done before; answers its name.
    fn start_action<'a>(&'a self, action: &'a ActionContainer) -> Pending<'a, String>;

    /// What an action's container prints, from its first byte on, until it has ended.
    fn action_output<'a>(&'a self, container: &'a str) -> BoxStream<'a, Result<Bytes, InfraError>>;

    /// The exit code of a container, once it has ended.
    fn wait_for<'a>(&'a self, container: &'a str) -> Pending<'a, i64>;

    /// Signals a container's first process, by the signal's name.
    fn signal<'a>(&'a self, container: &'a str, signal: &'a str) -> Pending<'a, ()>;

    /// Lets a container go on that a runner may have left standing still.
    fn resume<'a>(&'a self, container: &'a str) -> Pending<'a, ()>;

    /// Opens a job's own way to the engine.
    fn open_socket<'a>(&'a self, opening: OpenSocket) -> Pending<'a, EngineSocket>;

    /// The jobs that this runner has anything of.
    fn jobs<'a>(&'a self, runner: &'a str) -> Pending<'a, BTreeSet<JobId>>;

    /// Removes every container, network and volume of a job.
    fn remove_job<'a>(&'a self, runner: &'a str, job: JobId) -> Pending<'a, ()>;

    /// The containers that were started before there was a job for them, also those that jobs have
    /// taken since.
    fn warm_containers<'a>(&'a self, runner: &'a str) -> Pending<'a, Vec<String>>;

    /// Removes what there is of a container that was to wait for a job.
    fn remove_warm<'a>(&'a self, owner: &'a WarmOwner) -> Pending<'a, ()>;

    /// Removes what is in a directory, whoever it belongs to, by a container of an image that is here.
    fn empty_directory<'a>(&'a self, emptied: &'a EmptyDirectory) -> Pending<'a, ()>;

    /// Removes one container; that it is not there is no error.
    fn remove_container<'a>(&'a self, container: &'a str) -> Pending<'a, ()>;

    /// Where the job's directories, and the runner's `externals`, are for its processes.
    fn inside_paths(&self, directory: &JobDirectory, externals: &Path) -> InsidePaths;
}
