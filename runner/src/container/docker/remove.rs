//! Finding and removing what a job left, by label.
//!
//! Invariant: only objects that carry this runner's label are touched.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use bollard::Docker;
use bollard::models::ImageSummary;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder,
    ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder, RemoveImageOptions,
    RemoveImageOptionsBuilder, RemoveVolumeOptionsBuilder,
};
use gantry_protocol::JobId;

use super::create::{JOB_LABEL, RUNNER_LABEL, WARM_LABEL};
use super::error::{is_conflict, is_missing, refused};
use crate::container::socket::own_names;
use crate::infra_error::InfraError;

const REMOVAL_ATTEMPTS: u32 = 100;
const REMOVAL_PAUSE: Duration = Duration::from_millis(50);

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

/// The images of a runner that are of no single job.
pub(super) async fn kept_images(docker: &Docker, runner: &str) -> Result<Vec<String>, InfraError> {
    let labels = [format!("{RUNNER_LABEL}={runner}")];
    let options = ListImagesOptionsBuilder::default().filters(&filter(&labels)).build();
    let listed = docker.list_images(Some(options)).await.map_err(refused("list images"))?;
    let kept = listed.into_iter().filter(|image| !image.labels.contains_key(JOB_LABEL));
    Ok(kept.flat_map(|image| image.repo_tags).collect())
}

/// False when a container uses it.
pub(super) async fn image(docker: &Docker, name: &str) -> Result<bool, InfraError> {
    match docker.remove_image(name, None::<RemoveImageOptions>, None).await {
        Err(error) if is_conflict(&error) => Ok(false),
        Err(error) if !is_missing(&error) => Err(refused(format!("remove image `{name}`"))(error)),
        _ => Ok(true),
    }
}

/// Removes volumes of which a job had made the names.
async fn volumes(docker: &Docker, labels: &[String]) -> Result<(), InfraError> {
    let options = ListVolumesOptionsBuilder::default().filters(&filter(labels)).build();
    let listed = docker.list_volumes(Some(options)).await.map_err(refused("list volumes"))?;
    for volume in listed.volumes.unwrap_or_default() {
        let options = RemoveVolumeOptionsBuilder::default().force(true).build();
        match docker.remove_volume(&volume.name, Some(options)).await {
            Err(error) if !is_missing(&error) => {
                return Err(refused(format!("remove volume {}", volume.name))(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes the names that a job has given to images of others.
async fn names(docker: &Docker, runner: &str, job: JobId) -> Result<(), InfraError> {
    let options = ListImagesOptionsBuilder::default().build();
    let listed = docker.list_images(Some(options)).await.map_err(refused("list images"))?;
    let own = own_names(runner, job);
    for name in listed.into_iter().flat_map(|image| image.repo_tags) {
        if !name.starts_with(&own) {
            continue;
        }
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

/// Removes the images that were built for one job only.
async fn images(docker: &Docker, labels: &[String]) -> Result<(), InfraError> {
    let options = ListImagesOptionsBuilder::default().filters(&filter(labels)).build();
    let listed = docker.list_images(Some(options)).await.map_err(refused("list images"))?;
    let named = |image: ImageSummary| match image.repo_tags.is_empty() {
        // Another image of the job has got its name.
        true => vec![image.id],
        false => image.repo_tags,
    };
    for name in listed.into_iter().flat_map(named) {
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
    for attempt in 1.. {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        match docker.remove_container(id, Some(options)).await {
            // One that removes itself, which the engine does beside everything else.
            Err(error) if is_conflict(&error) && attempt < REMOVAL_ATTEMPTS => {
                tokio::time::sleep(REMOVAL_PAUSE).await;
            }
            Err(error) if !is_missing(&error) => {
                return Err(refused(format!("remove container {id}"))(error));
            }
            _ => break,
        }
    }
    Ok(())
}

pub(super) async fn job(docker: &Docker, runner: &str, job: JobId) -> Result<(), InfraError> {
    let labels = [format!("{RUNNER_LABEL}={runner}"), format!("{JOB_LABEL}={job}")];
    for (id, _) in containers(docker, &labels).await? {
        container(docker, &id).await?;
    }
    images(docker, &labels).await?;
    names(docker, runner, job).await?;
    volumes(docker, &labels).await?;
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
