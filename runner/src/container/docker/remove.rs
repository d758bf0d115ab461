//! Finding and removing what a job left, by label.
//!
//! Invariant: only objects that carry this runner's label are touched.

use std::collections::{BTreeSet, HashMap};

use bollard::Docker;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder,
};
use gantry_protocol::JobId;

use super::create::{JOB_LABEL, RUNNER_LABEL, WARM_LABEL};
use super::error::{is_missing, refused};
use crate::infra_error::InfraError;

fn filter(labels: &[String]) -> HashMap<&'static str, Vec<String>> {
    HashMap::from([("label", labels.to_vec())])
}

/// Ids and labels of all containers, running or not, that carry `labels`.
async fn containers(
    docker: &Docker,
    labels: &[String],
) -> Result<Vec<(String, HashMap<String, String>)>, InfraError> {
    let options =
        ListContainersOptionsBuilder::default().all(true).filters(&filter(labels)).build();
    let listed = docker.list_containers(Some(options)).await.map_err(refused("list containers"))?;
    Ok(listed
        .into_iter()
        .filter_map(|container| Some((container.id?, container.labels.unwrap_or_default())))
        .collect())
}

async fn networks(
    docker: &Docker,
    labels: &[String],
) -> Result<Vec<(String, HashMap<String, String>)>, InfraError> {
    let options = ListNetworksOptionsBuilder::default().filters(&filter(labels)).build();
    let listed = docker.list_networks(Some(options)).await.map_err(refused("list networks"))?;
    Ok(listed
        .into_iter()
        .filter_map(|network| Some((network.id?, network.labels.unwrap_or_default())))
        .collect())
}

/// Removes the images that were built for one job only.
async fn images(docker: &Docker, labels: &[String]) -> Result<(), InfraError> {
    let options = ListImagesOptionsBuilder::default().filters(&filter(labels)).build();
    let listed = docker.list_images(Some(options)).await.map_err(refused("list images"))?;
    // An image without a name is a layer of one that has one, and goes with it.
    for name in listed.into_iter().flat_map(|image| image.repo_tags) {
        let options = RemoveImageOptionsBuilder::default().force(true).build();
        match docker.remove_image(&name, Some(options), None).await {
            Err(error) if !is_missing(&error) => {
                return Err(refused(format!("remove image `{name}`"))(error));
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) async fn jobs(docker: &Docker, runner: &str) -> Result<BTreeSet<JobId>, InfraError> {
    let labels = [format!("{RUNNER_LABEL}={runner}")];
    let mut found = containers(docker, &labels).await?;
    found.extend(networks(docker, &labels).await?);
    Ok(found.iter().filter_map(|(_, labels)| labels.get(JOB_LABEL)?.parse().ok()).collect())
}

/// The containers that were started before there was a job for them.
pub(super) async fn warm(docker: &Docker, runner: &str) -> Result<Vec<String>, InfraError> {
    let labels = [format!("{RUNNER_LABEL}={runner}"), WARM_LABEL.to_owned()];
    Ok(containers(docker, &labels).await?.into_iter().map(|(id, _)| id).collect())
}

/// Removes a container with its anonymous volumes, if it is there.
pub(super) async fn container(docker: &Docker, id: &str) -> Result<(), InfraError> {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    match docker.remove_container(id, Some(options)).await {
        Err(error) if !is_missing(&error) => Err(refused(format!("remove container {id}"))(error)),
        _ => Ok(()),
    }
}

pub(super) async fn job(docker: &Docker, runner: &str, job: JobId) -> Result<(), InfraError> {
    let labels = [format!("{RUNNER_LABEL}={runner}"), format!("{JOB_LABEL}={job}")];
    for (id, _) in containers(docker, &labels).await? {
        container(docker, &id).await?;
    }
    images(docker, &labels).await?;
    for (id, _) in networks(docker, &labels).await? {
        match docker.remove_network(&id).await {
            Err(error) if !is_missing(&error) => {
                return Err(refused(format!("remove network {id}"))(error));
            }
            _ => {}
        }
    }
    Ok(())
}
