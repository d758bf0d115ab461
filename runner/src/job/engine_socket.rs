//! The job's own way to the container engine, where its repository is allowed to have one.
//!
//! Invariant: it is open before the first step, and again after a restart of the runner.

use crate::container::{OpenSocket, Places, SocketMount};
use crate::execution::RunningJob;
use crate::infra_error::InfraError;

/// The socket's name in the shim's directory.
const SHIM_SOCKET: &str = "engine";

/// Where clients look for it.
const INSIDE: &str = "/var/run/docker.sock";

pub(super) async fn open_for(job: &mut RunningJob) -> Result<(), InfraError> {
    let SocketMount::Own(socket) = job.docker_socket() else { return Ok(()) };
    let Some(containers) = &job.state.record.containers else { return Ok(()) };
    let directory = &job.directory;
    let shim = job.shim()?;
    let opening = OpenSocket {
        owner: job.owner(),
        places: Places {
            work: directory.work(),
            tools: directory.tools(),
            home: directory.home(),
            workflow: directory.workflow(),
            socket,
            allowed: job.host.config.confinement.volumes.clone(),
            user: (containers.uid, containers.gid),
        },
        limits: job.limits(),
        job_container: containers.job.clone(),
        network: containers.network.clone().unwrap_or_default(),
        secret: containers.shim_token.clone(),
        shim: shim.clone(),
        shim_socket: (directory.shim(), SHIM_SOCKET),
    };
    let opened = job.host.backend.open_socket(opening).await?;
    job.engine_socket = Some(opened);
    let led = shim.lead(INSIDE, SHIM_SOCKET).await;
    led.map_err(|error| InfraError::Shim { reason: format!("making {INSIDE}: {error}") })
}
