//! Pushing a workflow to a real server and waiting for its run.

use anyhow::{Result, ensure};
use gantry_tests::{ServerOptions, TestRepository, TestServer, webhook};
use serde_json::Value;
use uuid::Uuid;

/// A server with its embedded runner and one repository.
pub(crate) struct Bench {
    pub(crate) server: TestServer,
    repository: TestRepository,
}

impl Bench {
    pub(crate) const FULL_NAME: &str = "bench/bench";

    /// Every job gets a new container.
    pub(crate) async fn start() -> Result<Self> {
        Self::start_with(ServerOptions::default()).await
    }

    /// Containers wait for jobs.
    pub(crate) async fn start_warm() -> Result<Self> {
        Self::start_with(ServerOptions { warm_container: true, ..ServerOptions::default() }).await
    }

    async fn start_with(options: ServerOptions) -> Result<Self> {
        let options = ServerOptions { embedded_runner: true, ..options };
        let server = TestServer::start_with(options).await?;
        let repository = TestRepository::create(&[("README.md", "bench\n")])?;
        server.register(&repository, Self::FULL_NAME).await?;
        Ok(Self { server, repository })
    }

    /// Commits `workflow` as the only one.
    pub(crate) fn commit(&self, workflow: &str) -> Result<()> {
        self.repository.commit(&[(".github/workflows/bench.yml", workflow)])?;
        Ok(())
    }

    /// Delivers a push of the newest commit.
    pub(crate) async fn push(&self) -> Result<()> {
        let head = self.repository.head()?;
        let payload = webhook::push(Self::FULL_NAME, "main", webhook::NO_COMMIT, &head);
        let status = self.server.deliver("push", &Uuid::new_v4().to_string(), &payload).await?;
        ensure!(status.is_success(), "delivery: {status}");
        Ok(())
    }

    /// The id of the newest run, once there are `n_runs`.
    pub(crate) async fn newest_run(&self, n_runs: u64) -> Result<i64> {
        let path = format!("/repos/{}/actions/runs", Self::FULL_NAME);
        let runs = self
            .server
            .wait_for(&path, |runs| runs["total_count"].as_u64().is_some_and(|n| n >= n_runs))
            .await?;
        Ok(runs["workflow_runs"][0]["id"].as_i64().unwrap_or_default())
    }

    /// Pushes, waits for the end of the run, and returns its view.
    pub(crate) async fn run(&self, n_runs: u64) -> Result<Value> {
        self.push().await?;
        let run_id = self.newest_run(n_runs).await?;
        let view = self.server.wait_until_completed(run_id).await?;
        ensure!(view["run"]["conclusion"] == "success", "the benchmark's run failed: {view:#}");
        Ok(view)
    }
}
