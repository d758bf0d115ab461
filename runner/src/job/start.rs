//! The containers of a job: started for it, or one that was waiting for a job.
//!
//! Does not decide what they are ([`super::requests`]). Invariant: they are in the saved state before
//! anything of the job runs in them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;

use super::engine_socket;
use super::front_door;
use super::requests::Requests;
use super::services;
use super::set_up::SetUpError;
use crate::container::{ContainerSpec, Holder, Image, JobContainer, Mounts, SocketMount};
use crate::execution::{Containers, RunningJob, RunningService};
use crate::externals;
use crate::infra_error::InfraError;
use crate::output::StepLog;
use crate::shim::{self, Shim};
use crate::warm::Warm;

/// A started container's shim answers within milliseconds; a machine under heavy load gets this.
pub(super) const SHIM_PATIENCE: Duration = Duration::from_secs(30);

/// The image of a container, pulled if need be.
pub(super) async fn image(job: &RunningJob, spec: &ContainerSpec) -> Result<Image, InfraError> {
    match &spec.credentials {
        Some(credentials) => {
            // What the engine says about a login may repeat it.
            let _ = job.masks.add(&credentials.password);
            job.host.backend.private_image(&spec.image, credentials).await
        }
        None => job.host.backend.image(&spec.image).await,
    }
}

/// A container whose shim answers, with what is beside it.
struct Started {
    id: String,
    shim: Arc<Shim>,
    shim_token: String,
    user: String,
    network: String,
    services: Vec<RunningService>,
}

/// Gives the job its containers. `warm` is the one that was waiting for it.
pub(super) async fn start_containers(
    job: &mut RunningJob,
    log: &mut StepLog,
    requests: &Requests,
    warm: Option<Warm>,
) -> Result<(), SetUpError> {
    let started = match warm {
        Some(warm) => already_started(warm),
        None => start(job, requests).await?,
    };
    let Started { id, shim, shim_token, user, network, mut services } = started;
    let (uid, gid) = shim
        .prepare(&user, own_directories(job))
        .await
        .map_err(|error| SetUpError::User(error.to_string()))?;
    for (service, (_, request)) in services.iter_mut().zip(&requests.services) {
        services::wait_until_ready(job, service, log).await?;
        if requests.is_machine {
            services::forward_ports(&shim, service, request).await?;
        } else {
            services::own_ports(service, request);
        }
    }
    job.shim = Some(shim);
    job.state.record.containers = Some(Containers {
        job: id,
        shim_token,
        environment: requests.container.spec.environment.clone(),
        user,
        uid,
        gid,
        network: Some(network),
        services,
        front_door: None,
    });
    front_door::open_for(job).await?;
    job.save()?;
    engine_socket::open_for(job).await?;
    Ok(())
}

fn already_started(warm: Warm) -> Started {
    let Warm { container: id, shim, shim_token, image, network, .. } = warm;
    let (shim, user, services) = (Arc::new(shim), image.user, Vec::new());
    Started { id, shim, shim_token, user, network, services }
}

async fn start(job: &RunningJob, requests: &Requests) -> Result<Started, InfraError> {
    let image = image(job, &requests.container.spec).await?;
    // A network of its own costs a job 60 ms, so those that need no names share one.
    let network =
        if requests.services.is_empty() && !matches!(job.docker_socket(), SocketMount::Own(_)) {
            job.host.backend.shared_network().await?
        } else {
            job.host.backend.create_network(&job.owner()).await?
        };
    let shim_token = shim::new_token();
    shim::write_token(&job.directory.shim(), &shim_token)?;
    let mut spec = requests.container.spec.clone();
    // Only the job's processes get it.
    spec.environment.clear();
    spec.network = Some(network.clone()).filter(|network| !network.is_empty());
    spec.image = image.name;
    let user = spec.user.clone().unwrap_or(image.user);
    let (id, services) = start_all(job, &spec, requests).await?;
    let shim = Shim::connect(&job.directory.shim(), &shim_token, SHIM_PATIENCE)
        .await
        .map_err(|error| InfraError::Shim { reason: error.to_string() })?;
    Ok(Started { id, shim: Arc::new(shim), shim_token, user, network, services })
}

/// Starts the job's container and all services at the same time.
async fn start_all(
    job: &RunningJob,
    spec: &ContainerSpec,
    requests: &Requests,
) -> Result<(String, Vec<RunningService>), InfraError> {
    let externals = externals::directory(&job.host.config);
    let container = JobContainer {
        owner: Holder::Job(job.owner()),
        spec: spec.clone(),
        mounts: Mounts::of(&job.directory, &job.host.shim_program, &externals),
        docker_socket: job.docker_socket(),
    };
    let network = spec.network.clone().unwrap_or_default();
    let services = try_join_all(
        requests
            .services
            .iter()
            .map(|(name, request)| services::start(job, name, request, &network)),
    );
    futures_util::future::try_join(job.host.backend.start_job(&container), services).await
}

/// The directories that must belong to the image's user.
fn own_directories(job: &RunningJob) -> Vec<String> {
    let paths = &job.paths;
    vec![
        paths.work.clone(),
        paths.temp(),
        paths.actions(),
        paths.file_commands(),
        paths.runner_workspace(job.repository()),
        job.workspace(),
        paths.tools.clone(),
        paths.home.clone(),
        paths.workflow.clone(),
    ]
}
