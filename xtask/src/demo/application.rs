//! The application that the pipeline deployed.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::server::Server;
use crate::command::{output, say};

/// Containers of the deployed application carry this label (`examples/hotgigs/scripts/deploy.sh`).
const LABEL: &str = "hotgigs.environment";

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

/// Removes the deployed containers.
pub(super) fn remove() {
    let filter = format!("label={LABEL}");
    let listing = output(Command::new("docker").args(["ps", "-aq", "--filter", &filter]));
    let ids: Vec<String> = listing.unwrap_or_default().lines().map(str::to_owned).collect();
    if !ids.is_empty()
        && let Err(error) = output(Command::new("docker").args(["rm", "-f"]).args(&ids))
    {
        say(&format!("the deployed containers could not be removed: {error:#}"));
    }
}
