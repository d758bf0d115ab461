//! What the container engine itself needs, through its API and without Gantry.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig, NetworkCreateRequest};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptions, RemoveContainerOptionsBuilder,
    StartContainerOptions,
};
use futures_util::StreamExt;

/// The image jobs run in.
pub(crate) const IMAGE: &str = "gantry/job:latest";

/// Name resolution between containers makes the second one dearer for the engine.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Network {
    /// The engine's own bridge, where all containers reach each other.
    Default,
    /// The network that jobs without services share: its containers do not reach each other.
    Jobs,
}

/// What the runner calls it; there once a job has run.
const JOBS_NETWORK: &str = "gantry-jobs";

/// Creates, attaches to and starts a container that runs `script`; time to its first output, and
/// everything it printed.
pub(crate) async fn run_container(script: &str, network: Network) -> Result<(Duration, String)> {
    let docker = Docker::connect_with_local_defaults()?;
    let started = Instant::now();
    let body = ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        entrypoint: Some(vec!["bash".to_owned(), "-c".to_owned(), script.to_owned()]),
        attach_stdout: Some(true),
        host_config: Some(HostConfig {
            network_mode: match network {
                Network::Default => None,
                Network::Jobs => Some(JOBS_NETWORK.to_owned()),
            },
            log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let id = docker.create_container(None::<CreateContainerOptions>, body).await?.id;
    let attach = AttachContainerOptionsBuilder::new().stdout(true).stream(true).build();
    let mut attached = docker.attach_container(&id, Some(attach)).await?;
    docker.start_container(&id, None::<StartContainerOptions>).await?;
    let first = attached.output.next().await.context("the container printed nothing")??;
    let elapsed = started.elapsed();
    let mut text = output_text(&first);
    while let Some(output) = attached.output.next().await {
        text.push_str(&output_text(&output?));
    }
    let remove = RemoveContainerOptionsBuilder::new().force(true).build();
    docker.remove_container(&id, Some(remove)).await?;
    Ok((elapsed, text))
}

/// Makes a network, and in it at the same time a container that goes on and one that starts a shell; time
/// until that shell has ended.
pub(crate) async fn run_with_service() -> Result<Duration> {
    let docker = Docker::connect_with_local_defaults()?;
    let network = format!("gantry-bench-{}", uuid::Uuid::new_v4().simple());
    let started = Instant::now();
    let request = NetworkCreateRequest { name: network.clone(), ..NetworkCreateRequest::default() };
    docker.create_network(request).await?;
    let service = async {
        let id = create(&docker, &network, &["sleep", "600"]).await?;
        docker.start_container(&id, None::<StartContainerOptions>).await?;
        anyhow::Ok(id)
    };
    let job = async {
        let id = create(&docker, &network, &["bash", "-c", "bash -c true; echo done"]).await?;
        let attach = AttachContainerOptionsBuilder::new().stdout(true).stream(true).build();
        let mut attached = docker.attach_container(&id, Some(attach)).await?;
        docker.start_container(&id, None::<StartContainerOptions>).await?;
        attached.output.next().await.context("the container printed nothing")??;
        anyhow::Ok(id)
    };
    let (service, job) = futures_util::future::try_join(service, job).await?;
    let elapsed = started.elapsed();
    for id in [service, job] {
        let remove = RemoveContainerOptionsBuilder::new().force(true).build();
        docker.remove_container(&id, Some(remove)).await?;
    }
    docker.remove_network(&network).await?;
    Ok(elapsed)
}

async fn create(docker: &Docker, network: &str, command: &[&str]) -> Result<String> {
    let body = ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        entrypoint: Some(command.iter().map(|&word| word.to_owned()).collect()),
        attach_stdout: Some(true),
        host_config: Some(HostConfig {
            network_mode: Some(network.to_owned()),
            log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    Ok(docker.create_container(None::<CreateContainerOptions>, body).await?.id)
}

fn output_text(output: &LogOutput) -> String {
    String::from_utf8_lossy(output.as_ref()).into_owned()
}
