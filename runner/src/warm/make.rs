//! One warm container: how it is started, and how it is removed.
//!
//! Invariant: what is being made has its directory and its container's label from the first moment,
//! so that the next runner finds both if this one is killed in between.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::config::RunnerConfig;
use crate::container::{
    Backend, ContainerSpec, Holder, Image, JobContainer, Limits, Mounts, SocketMount, WarmOwner,
    confine,
};
use crate::externals;
use crate::infra_error::InfraError;
use crate::shim::{self, Shim};
use crate::workspace::JobDirectory;

/// As for the container of a job.
const SHIM_PATIENCE: Duration = Duration::from_secs(30);

/// What is needed to make containers ready.
pub(crate) struct Maker {
    pub(crate) config: RunnerConfig,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) installation: String,
    pub(crate) shim_program: PathBuf,
}

/// A container that waits for a job.
#[derive(Debug)]
pub(crate) struct Warm {
    pub(crate) image: Image,
    pub(crate) image_id: String,
    /// Its directories, which become the job's.
    pub(crate) directory: JobDirectory,
    pub(crate) container: String,
    pub(crate) network: String,
    pub(crate) shim: Shim,
    pub(crate) shim_token: String,
    made_at: Instant,
}

impl Warm {
    pub(super) fn is_of(&self, image: &str) -> bool {
        self.image.name == image
    }

    pub(super) fn is_alive(&self) -> bool {
        self.shim.is_connected()
    }

    pub(super) fn age(&self) -> Duration {
        self.made_at.elapsed()
    }
}

/// Where the directories of warm containers are.
fn directory_of_all(config: &RunnerConfig) -> PathBuf {
    config.work_directory.join("warm")
}

/// What a job asks for that asks for nothing but an image.
pub(crate) fn plain_spec(config: &RunnerConfig, image: &str) -> ContainerSpec {
    let mut spec = ContainerSpec { image: image.to_owned(), ..ContainerSpec::default() };
    confine(&mut spec, Limits::of(config));
    spec
}

impl Maker {
    /// Starts a container of `image`. One that could not be made is removed again.
    pub(super) async fn make(&self, image: &str) -> Result<Warm, InfraError> {
        let id = Uuid::new_v4().simple().to_string();
        let directory = JobDirectory::of(directory_of_all(&self.config).join(&id));
        let owner = WarmOwner { runner: self.installation.clone(), id };
        let made = self.start(image, &directory, owner.clone()).await;
        if made.is_err() {
            self.backend.remove_warm(&owner).await?;
            directory.remove()?;
        }
        made
    }

    async fn start(
        &self,
        image: &str,
        directory: &JobDirectory,
        owner: WarmOwner,
    ) -> Result<Warm, InfraError> {
        directory.create_root()?;
        directory.create_mounted()?;
        let shim_token = shim::new_token();
        shim::write_token(&directory.shim(), &shim_token)?;
        let image = self.backend.image(image).await?;
        let image_id = self.backend.image_id(&image.name).await?.unwrap_or_default();
        let network = self.backend.shared_network().await?;
        let mut spec = plain_spec(&self.config, &image.name);
        spec.network = Some(network.clone()).filter(|network| !network.is_empty());
        let externals = externals::directory(&self.config);
        let container = JobContainer {
            owner: Holder::Warm(owner),
            spec,
            mounts: Mounts::of(directory, &self.shim_program, &externals),
            docker_socket: SocketMount::None,
        };
        let container = self.backend.start_job(&container).await?;
        let shim = Shim::connect(&directory.shim(), &shim_token, SHIM_PATIENCE)
            .await
            .map_err(|error| InfraError::Shim { reason: error.to_string() })?;
        let (directory, made_at) = (directory.clone(), Instant::now());
        Ok(Warm { image, image_id, directory, container, network, shim, shim_token, made_at })
    }

    /// Removes a container that no job has taken. What fails is logged and swept at the next start.
    pub(super) async fn discard(&self, warm: Warm) {
        let Warm { container, directory, .. } = warm;
        let removed = match self.backend.remove_container(&container).await {
            Ok(()) => directory.remove(),
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            tracing::warn!(%error, "a container that waited for a job was not removed");
        }
    }

    /// Removes what an earlier runner kept ready, but for the containers that its jobs have `taken`.
    pub(crate) async fn sweep(&self, taken: &[&str]) -> Result<(), InfraError> {
        for container in self.backend.warm_containers(&self.installation).await? {
            if !taken.contains(&container.as_str()) {
                self.backend.remove_container(&container).await?;
            }
        }
        JobDirectory::of(directory_of_all(&self.config)).remove()
    }

    pub(super) fn has_free_memory(&self) -> bool {
        let free = available_memory_mib(Path::new("/proc/meminfo"));
        free.is_none_or(|free| free >= self.config.warm.free_memory_mib)
    }
}

fn available_memory_mib(meminfo: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(meminfo).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib >> 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_free_is_read_in_mebibytes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "MemTotal: 9 kB\nMemAvailable:    3072 kB\n").unwrap();
        assert_eq!(available_memory_mib(file.path()), Some(3));
        assert_eq!(available_memory_mib(Path::new("/nowhere")), None);
    }
}
