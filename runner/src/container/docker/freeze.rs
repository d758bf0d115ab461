//! Making the processes of a job stand still.
//!
//! The engine follows symlinks in the source of a mount. While all that could put one there stands still,
//! what was looked at is what is mounted. Invariant: whoever was paused here goes on afterwards.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use bollard::Docker;
use bollard::query_parameters::ListContainersOptionsBuilder;
use futures_util::future::join_all;
use tokio::sync::{RwLock, RwLockReadGuard};

use super::create;
use super::error::{is_conflict, is_missing, reason, refused};
use crate::container::Owner;
use crate::infra_error::InfraError;

/// One at a time, for a whole engine.
#[derive(Clone, Debug)]
pub(in crate::container) struct Freezer {
    docker: Docker,
    lock: Arc<RwLock<()>>,
}

impl Freezer {
    pub(super) fn new(docker: Docker) -> Self {
        Self { docker, lock: Arc::default() }
    }

    /// As long as this is kept nobody stands still.
    pub(in crate::container) async fn hold(&self) -> RwLockReadGuard<'_, ()> {
        self.lock.read().await
    }

    /// Does something while every container of the job that runs is paused.
    pub(in crate::container) async fn frozen<T>(
        &self,
        (owner, job_container): (&Owner, &str),
        work: impl Future<Output = T> + Send,
    ) -> Result<T, InfraError> {
        let _lock = self.lock.write().await;
        let mut running = self.find(owner, "running").await?;
        // A warm container has no labels of the job.
        if !running.iter().any(|id| id == job_container) {
            running.push(job_container.to_owned());
        }
        let paused = join_all(running.iter().map(|id| self.docker.pause_container(id))).await;
        let failed = paused.into_iter().find_map(|result| match result {
            // It ended meanwhile, and so does nothing.
            Err(error) if is_missing(&error) || is_conflict(&error) => None,
            Err(error) if reason(&error).contains("not running") => None,
            other => other.err(),
        });
        let done = match failed {
            Some(error) => Err(refused("pause the job's containers")(error)),
            None => Ok(work.await),
        };
        for result in join_all(running.iter().map(|id| resume(&self.docker, id))).await {
            result?;
        }
        done
    }

    /// Lets everything go on that a runner has left standing.
    pub(in crate::container) async fn thaw(&self, owner: &Owner) -> Result<(), InfraError> {
        for id in self.find(owner, "paused").await? {
            resume(&self.docker, &id).await?;
        }
        Ok(())
    }

    async fn find(&self, owner: &Owner, status: &str) -> Result<Vec<String>, InfraError> {
        let labels =
            create::labels(owner).into_iter().map(|(name, value)| format!("{name}={value}"));
        let filters = HashMap::from([
            ("label", labels.collect::<Vec<String>>()),
            ("status", vec![status.to_owned()]),
        ]);
        let options = ListContainersOptionsBuilder::default().filters(&filters).build();
        let listed = self.docker.list_containers(Some(options)).await;
        let listed = listed.map_err(refused("list containers"))?;
        Ok(listed.into_iter().filter_map(|container| container.id).collect())
    }
}

/// Lets the processes of a container go on.
pub(super) async fn resume(docker: &Docker, container: &str) -> Result<(), InfraError> {
    match docker.unpause_container(container).await {
        // It is not paused, or it is gone, which whoever asks for it will notice.
        Err(error) if is_conflict(&error) || is_missing(&error) => Ok(()),
        Err(error) if reason(&error).contains("is not paused") => Ok(()),
        other => other.map_err(refused("resume the job container")),
    }
}
