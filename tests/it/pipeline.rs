//! The reference team's story: a signed push, containers, an approval, a health check.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use gantry_tests::{ServerOptions, TestRepository, TestServer, program, webhook};
use serde_json::Value;

const FULL_NAME: &str = "hotgigs/hotgigs";

/// What the pipeline deploys. Removed before and after, also when the test fails.
struct Deployment(PathBuf);

impl Deployment {
    fn start(example: &Path) -> Self {
        let deployment = Self(example.join("scripts/deploy.sh"));
        deployment.remove();
        deployment
    }

    fn remove(&self) {
        for environment in ["staging", "production"] {
            drop(Command::new("bash").arg(&self.0).args([environment, "remove"]).output());
        }
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        self.remove();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_push_deploys_hotgigs_after_an_approval() -> Result<()> {
    if !program::docker_is_available()? {
        return Ok(());
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/hotgigs");
    let _deployment = Deployment::start(&example);
    let repository = TestRepository::copy_of(&example)?;
    let options = ServerOptions {
        embedded_runner: true,
        arguments: vec!["--docker-socket=engine".to_owned()],
        ..ServerOptions::default()
    };
    let server = TestServer::start_with(options).await?;
    server.register(&repository, FULL_NAME).await?;
    server.require_review(FULL_NAME, "production").await?;
    let payload = webhook::push(FULL_NAME, "main", webhook::NO_COMMIT, &repository.head()?);
    server.deliver("push", "guid-1", &payload).await?;
    let run_id = server.wait_for_run(FULL_NAME).await?;
    let path = format!("/api/gantry/runs/{run_id}");

    let view = server
        .wait_for(&path, |view| {
            view["run"]["status"] == "waiting" || view["run"]["status"] == "completed"
        })
        .await?;
    assert_eq!(view["run"]["status"], "waiting", "{}", failures(&server, &view).await?);
    let (status, answer) = server.review(FULL_NAME, run_id, "approved").await?;
    assert!(status.is_success(), "{status} {answer}");

    let view = server.wait_until_completed(run_id).await?;
    assert_eq!(view["run"]["conclusion"], "success", "{}", failures(&server, &view).await?);
    let production = jobs(&view)
        .find(|job| job["environment"] == "production")
        .context("no job deploys to production")?;
    let url = production["environment_url"].as_str().context("no environment url")?;
    let health = reqwest::get(format!("{url}/api/health")).await?;
    assert_eq!(health.status(), 200);
    Ok(())
}

fn jobs(view: &Value) -> impl Iterator<Item = &Value> {
    view["jobs"].as_array().into_iter().flatten()
}

/// The logs of all jobs that did not succeed.
async fn failures(server: &TestServer, view: &Value) -> Result<String> {
    let mut text = format!("{:#}\n", view["diagnostics"]);
    for job in jobs(view).filter(|job| job["conclusion"] == "failure") {
        let path = format!("/repos/{FULL_NAME}/actions/jobs/{}/logs", job["id"]);
        text.push_str(&server.get_text(&path).await?);
    }
    Ok(text)
}
