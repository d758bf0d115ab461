//! The runner inside `gantry serve`. It talks to the server over HTTP, like any other.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use gantry_runner::RunnerConfig;
use gantry_runner::container::{Backend as _, DockerBackend};
use gantry_server::{Instance, runners};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::arguments::Arguments;
use super::data_dir::DataDir;

/// The runner registers at its first start only; an unused token is worth nothing after this.
const REGISTRATION_HOURS: i64 = 1;

/// A runner that was started, or the absence of one.
#[derive(Debug)]
pub(super) struct EmbeddedRunner {
    task: Option<JoinHandle<anyhow::Result<()>>>,
    shutdown: CancellationToken,
}

/// Checks that there is an engine to run jobs on, before anything is started.
pub(super) async fn check_engine(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.no_runner {
        return Ok(());
    }
    let backend = DockerBackend::new(arguments.runner.docker_host.as_deref())?;
    backend.check().await.context(
        "jobs cannot run on this machine (start a container engine, or use --no-runner)",
    )?;
    Ok(())
}

impl EmbeddedRunner {
    pub(super) async fn start(
        arguments: &Arguments,
        data_dir: &DataDir,
        instance: &Instance,
    ) -> anyhow::Result<Self> {
        let shutdown = CancellationToken::new();
        if arguments.no_runner {
            return Ok(Self { task: None, shutdown });
        }
        let config = config(arguments, data_dir, instance).await?;
        let running = gantry_runner::run(config, shutdown.clone());
        #[expect(
            clippy::disallowed_methods,
            reason = "owned here, awaited before the server stops"
        )]
        let task = tokio::spawn(running);
        Ok(Self { task: Some(task), shutdown })
    }

    /// Returns when the runner ends by itself, which it does only when it cannot go on.
    pub(super) async fn ended(&mut self) -> anyhow::Result<()> {
        let Some(task) = &mut self.task else { return std::future::pending().await };
        let ended = task.await.context("the runner of this server panicked")?;
        self.task = None;
        ended.context("the runner of this server ended")
    }

    /// Takes no more jobs. Running ones go on in their containers; the next start adopts them.
    pub(super) async fn stop(self) {
        self.shutdown.cancel();
        if let Some(task) = self.task
            && let Ok(Err(error)) = task.await
        {
            tracing::warn!("the runner of this server: {error:#}");
        }
    }
}

async fn config(
    arguments: &Arguments,
    data_dir: &DataDir,
    instance: &Instance,
) -> anyhow::Result<RunnerConfig> {
    let mut connection = instance.app().db.acquire().await?;
    let expires_at = Utc::now() + TimeDelta::hours(REGISTRATION_HOURS);
    let token = runners::issue_registration_token(&mut connection, expires_at).await?;
    let mut config = RunnerConfig::new(
        instance.local_url(),
        gantry_runner::config::host_name(),
        data_dir.path().join("runner"),
    );
    config.registration_token = Some(token.into());
    arguments.runner.apply_to(&mut config);
    config.warm = arguments.warm.clone().into();
    config.disk = arguments.disk.clone().into();
    config.drain_timeout = Some(Duration::ZERO);
    Ok(config)
}
