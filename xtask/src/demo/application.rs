//! The application that the pipeline deployed, and the registry that its images go to.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::server::Server;
use crate::command::{output, say};
use crate::root;

/// The environments of the pipeline.
const ENVIRONMENTS: [&str; 2] = ["staging", "production"];

/// The registry's container.
const REGISTRY: &str = "hotgigs-registry";

/// Starts an empty container registry; its host and port, as in the name of an image.
pub(super) fn start_registry() -> Result<String> {
    let run = ["run", "--detach", "--name", REGISTRY, "--publish", "127.0.0.1:0:5000"];
    output(Command::new("docker").args(run).arg("gantry/registry:2"))?;
    let ports = output(Command::new("docker").args(["port", REGISTRY, "5000/tcp"]))?;
    Ok(ports.lines().next().context("the registry has no port")?.to_owned())
}

/// Asks every environment's URL, as the run reports it, for `/api/health`.
pub(super) fn check_health(server: &Server) -> Result<()> {
    let run_id = server.get(&format!("/repos/{}/actions/runs", super::REPOSITORY))?["workflow_runs"][0]["id"]
        .as_u64()
        .context("the run has gone")?;
    let view = server.run_view(run_id)?;
    let jobs = view["jobs"].as_array().context("the run has no jobs")?;
    let mut n_checked = 0;
    for job in jobs {
        let Some(url) = job["environment_url"].as_str().filter(|url| !url.is_empty()) else {
            continue;
        };
        let health = format!("{}/api/health", url.trim_end_matches('/'));
        let mut answer = ureq::get(&health)
            .config()
            .timeout_global(Some(Duration::from_secs(10)))
            .build()
            .call()
            .with_context(|| format!("asking {health}"))?;
        let body = answer.body_mut().read_to_string()?;
        say(&format!(
            "{}: {health} answers {} {}",
            job["environment"],
            answer.status(),
            body.trim()
        ));
        n_checked += 1;
    }
    if n_checked == 0 {
        bail!("no job reports the URL of a deployed application");
    }
    Ok(())
}

/// Removes what this or an earlier demo deployed, data included.
pub(super) fn remove() -> Result<()> {
    for environment in ENVIRONMENTS {
        let script = root().join("examples/hotgigs/scripts/deploy.sh");
        output(Command::new("bash").arg(script).args([environment, "remove"]))?;
    }
    output(Command::new("docker").args(["rm", "--force", "--volumes", REGISTRY]))?;
    Ok(())
}
