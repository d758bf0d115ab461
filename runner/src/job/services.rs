//! Service containers: started before the job's container is, watched until they are ready, and
//! reachable on the job's localhost (`semantics` 5.13).
//!
//! Invariant: no step runs before every service is healthy.

use std::time::Duration;

use gantry_workflow::expr::Value;
use indexmap::IndexMap;
use tokio::time::sleep;

use super::container_request::{ContainerRequest, read_container};
use super::set_up::SetUpError;
use super::start;
use crate::container::{Health, ServiceContainer};
use crate::execution::RunningJob;
use crate::execution::RunningService;
use crate::infra_error::InfraError;
use crate::output::StepLog;
use crate::shim::Shim;

/// Pause before the second look at a service that is starting; each next one is half as long
/// again, up to [`LONGEST_PAUSE`]. There is no limit to the waiting, as on GitHub.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The entries of an evaluated `services:`; those without an image are left out, as on GitHub.
pub(super) fn read_services(
    services: &Value,
    volumes: &[String],
) -> Result<Vec<(String, ContainerRequest)>, SetUpError> {
    let Value::Object(services) = services else { return Ok(Vec::new()) };
    let mut requests = Vec::new();
    for (name, value) in &services.entries {
        let request = read_container(value, volumes)
            .map_err(|error| SetUpError::User(format!("service `{name}`: {error}")))?;
        requests.extend(request.map(|request| (name.clone(), request)));
    }
    Ok(requests)
}

/// Creates and starts one service in the job's network.
pub(super) async fn start(
    job: &RunningJob,
    name: &str,
    request: &ContainerRequest,
    network: &str,
) -> Result<RunningService, InfraError> {
    let mut spec = request.spec.clone();
    spec.image = start::image(job, &spec).await?.name;
    spec.network = Some(network.to_owned());
    let service = ServiceContainer { owner: job.owner(), alias: name.to_owned(), spec };
    let started = job.host.backend.start_service(&service).await?;
    Ok(RunningService { name: name.to_owned(), started, ports: IndexMap::new() })
}

/// Waits until the service is healthy, or fails with its log.
pub(super) async fn wait_until_ready(
    job: &RunningJob,
    service: &RunningService,
    log: &mut StepLog,
) -> Result<(), SetUpError> {
    let container = &service.started.container;
    let mut pause = FIRST_PAUSE;
    loop {
        match job.host.backend.health(container).await? {
            Health::None if service.started.address.is_some() => return Ok(()),
            Health::Healthy => {
                log.line(&format!("{} service is healthy.", service.name));
                return Ok(());
            }
            Health::Starting => {
                if pause == FIRST_PAUSE {
                    log.line(&format!("{} service is starting, waiting.", service.name));
                    log.send().await;
                }
                sleep(pause).await;
                pause = (pause * 3 / 2).min(LONGEST_PAUSE);
            }
            Health::None | Health::Unhealthy | Health::Ended => {
                print_log(job, service, log).await;
                return Err(SetUpError::User(format!(
                    "Failed to initialize container of service `{}`.\nOne or more containers failed to start.",
                    service.name
                )));
            }
        }
    }
}

/// Prints what a service printed, for people who look for the reason.
pub(super) async fn print_log(job: &RunningJob, service: &RunningService, log: &mut StepLog) {
    log.line(&format!("##[group]Print service container logs: {}", service.name));
    if let Ok(text) = job.host.backend.service_log(&service.started.container).await {
        log.lines(text.lines());
    }
    log.line("##[endgroup]");
    log.send().await;
}

/// Makes the mapped ports of a service reachable on the job's localhost.
pub(super) async fn forward_ports(
    shim: &Shim,
    service: &mut RunningService,
    request: &ContainerRequest,
) -> Result<(), SetUpError> {
    for port in &request.ports {
        let address = service.started.address.ok_or_else(|| {
            SetUpError::User(format!(
                "service `{}` has no address in the job's network",
                service.name
            ))
        })?;
        let target = std::net::SocketAddr::new(address, port.container);
        let chosen = shim
            .forward((port.host, port.is_udp), &target.to_string())
            .await
            .map_err(|error| SetUpError::User(format!("service `{}`: {error}", service.name)))?;
        service.ports.insert(port.container.to_string(), chosen.to_string());
    }
    Ok(())
}

/// In a job with a `container`, a service is reachable by its name and at its own ports.
pub(super) fn own_ports(service: &mut RunningService, request: &ContainerRequest) {
    for port in &request.ports {
        let number = port.container.to_string();
        service.ports.insert(number.clone(), number);
    }
}
