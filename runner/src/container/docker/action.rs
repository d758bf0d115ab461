//! Containers and images of actions.
//!
//! Invariant: what is mounted into such a container is a directory of the job and never what a symlink
//! in its place leads to.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use bollard::Docker;
use bollard::body_full;
use bollard::container::LogOutput;
use bollard::models::{ContainerCreateBody, HostConfigLogConfig};
use bollard::query_parameters::{
    BuildImageOptionsBuilder, CreateContainerOptionsBuilder, InspectContainerOptions,
    KillContainerOptionsBuilder, LogsOptionsBuilder, StartContainerOptions, WaitContainerOptions,
};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;
use tokio::sync::mpsc::UnboundedSender;

use super::create::{self, base, bind};
use super::error::{is_conflict, is_missing, reason, refused};
use super::freeze::Freezer;
use crate::container::{ActionContainer, ImageBuild};
use crate::infra_error::InfraError;

/// Largest output of an action that is kept until it has been read, also over a restart of the runner.
/// Beyond it the oldest part is lost.
const LOG_BYTES: &str = "4g";

/// Creates and starts the container unless an earlier runner has; answers its id.
pub(super) async fn start(
    (docker, freezer): (&Docker, &Freezer),
    action: &ActionContainer,
    socket: Option<&Path>,
) -> Result<String, InfraError> {
    let name = create::name(&action.owner, &format!("action-{}", action.process));
    let options = CreateContainerOptionsBuilder::default().name(&name).build();
    let what = format!("the action's container from image `{}`", action.spec.image);
    match docker.create_container(Some(options), body(action, socket)).await {
        Ok(_) => {}
        // It is there already.
        Err(error) if is_conflict(&error) => {}
        Err(error) => return Err(refused(format!("create {what}"))(error)),
    }
    let inspected = docker.inspect_container(&name, None::<InspectContainerOptions>).await;
    let inspected = inspected.map_err(refused(format!("inspect {what}")))?;
    let has_started = inspected
        .state
        .and_then(|state| state.started_at)
        .is_some_and(|at| !at.is_empty() && !at.starts_with("0001-"));
    if !has_started {
        start_with_checked_mounts((docker, freezer), (&name, &what), action).await?;
    }
    Ok(name)
}

/// The engine follows symlinks in the source of a mount. While the job's processes stand still, what was
/// looked at is what is mounted.
async fn start_with_checked_mounts(
    (docker, freezer): (&Docker, &Freezer),
    (name, what): (&str, &str),
    action: &ActionContainer,
) -> Result<(), InfraError> {
    let start = async {
        match check_mounts(action) {
            Ok(()) => docker
                .start_container(name, None::<StartContainerOptions>)
                .await
                .map_err(refused(format!("start {what}"))),
            Err(error) => Err(InfraError::Engine {
                operation: format!("start {what}"),
                reason: format!("a directory of the job is not what it was: {error}"),
            }),
        }
    };
    freezer.frozen((&action.owner, &action.job_container), start).await?
}

fn check_mounts(action: &ActionContainer) -> io::Result<()> {
    let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_RDONLY;
    for (path, _) in action.mounts.shared() {
        let mut directory = open(&action.mounts.work, flags, Mode::empty())?;
        for name in &path {
            directory = openat(&directory, name.as_str(), flags, Mode::empty())?;
        }
    }
    Ok(())
}

fn body(action: &ActionContainer, socket: Option<&Path>) -> ContainerCreateBody {
    let mounts = &action.mounts;
    let mut binds = vec![bind(&mounts.file_commands, "/github/file_commands", false)];
    for (path, target) in mounts.shared() {
        let source = path.iter().fold(mounts.work.clone(), |source, name| source.join(name));
        binds.push(bind(&source, target, false));
    }
    if let Some(socket) = create::mounted_socket(&action.docker_socket, socket) {
        binds.push(bind(socket, create::SOCKET, false));
    }
    let mut body = base(create::labels(&action.owner), &action.spec);
    body.entrypoint.clone_from(&action.spec.entrypoint);
    body.cmd.clone_from(&action.spec.command);
    body.working_dir = Some("/github/workspace".to_owned());
    if let Some(host) = &mut body.host_config {
        host.mounts = Some(binds);
        host.log_config = Some(HostConfigLogConfig {
            typ: Some("local".to_owned()),
            config: Some(HashMap::from(
                [("max-size", LOG_BYTES), ("max-file", "1"), ("compress", "false")]
                    .map(|(name, value)| (name.to_owned(), value.to_owned())),
            )),
        });
    }
    body
}

/// Everything the container prints, from its first byte to its end.
pub(super) fn output<'a>(
    docker: &'a Docker,
    container: &'a str,
) -> BoxStream<'a, Result<Bytes, InfraError>> {
    let options = LogsOptionsBuilder::default().follow(true).stdout(true).stderr(true).build();
    docker
        .logs(container, Some(options))
        .map_ok(LogOutput::into_bytes)
        .map_err(|error| refused("read the output of the action's container")(error))
        .boxed()
}

/// The exit code, once the container has ended.
pub(super) async fn wait(docker: &Docker, container: &str) -> Result<i64, InfraError> {
    let mut ends = docker.wait_container(container, None::<WaitContainerOptions>);
    match ends.next().await {
        Some(Ok(end)) => Ok(end.status_code),
        Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => Ok(code),
        Some(Err(error)) => Err(refused("wait for the action's container")(error)),
        None => Err(InfraError::ContainerEnded { reason: "its end is not known".to_owned() }),
    }
}

/// Signals the container's first process; one that has ended is no error.
pub(super) async fn signal(
    docker: &Docker,
    container: &str,
    signal: &str,
) -> Result<(), InfraError> {
    let options = KillContainerOptionsBuilder::default().signal(signal).build();
    match docker.kill_container(container, Some(options)).await {
        Err(error) if is_conflict(&error) || is_missing(&error) => Ok(()),
        other => other.map_err(refused("signal the action's container")),
    }
}

/// Builds an image; what the build prints goes to `output`. The inner error is the build's own.
pub(super) async fn build(
    docker: &Docker,
    build: &ImageBuild,
    output: UnboundedSender<String>,
) -> Result<Result<(), String>, InfraError> {
    let mut labels = create::labels(&build.owner);
    if !build.is_for_job {
        labels.retain(|name, _| name == create::RUNNER_LABEL);
    }
    let options = BuildImageOptionsBuilder::default()
        .dockerfile(&build.dockerfile)
        .t(&build.tag)
        .labels(&labels)
        .rm(true)
        .forcerm(true)
        .build();
    let context = body_full(Bytes::from(build.context.clone()));
    let mut news = docker.build_image(options, None, Some(context));
    while let Some(news) = news.next().await {
        match news {
            Ok(info) => {
                if let Some(error) = info.error_detail {
                    return Ok(Err(error.message.unwrap_or_default()));
                }
                let text = info.stream.unwrap_or_default();
                for line in text.lines().filter(|line| !line.trim().is_empty()) {
                    // Whoever listened may have stopped.
                    let _ = output.send(line.to_owned());
                }
            }
            Err(error @ bollard::errors::Error::DockerStreamError { .. }) => {
                return Ok(Err(reason(&error)));
            }
            Err(error @ bollard::errors::Error::DockerResponseServerError { .. }) => {
                return Ok(Err(reason(&error)));
            }
            Err(error) => return Err(refused(format!("build image `{}`", build.tag))(error)),
        }
    }
    Ok(Ok(()))
}
