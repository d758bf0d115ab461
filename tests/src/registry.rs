//! A container registry of a test's own.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// `docker-registry` in a container, on a port of 127.0.0.1. Removed when dropped.
#[derive(Debug)]
pub struct Registry {
    container: String,
    address: String,
}

impl Registry {
    pub fn start() -> Result<Self> {
        let run = ["run", "--detach", "--publish", "127.0.0.1:0:5000", "gantry/registry:2"];
        let container = docker(&run)?;
        let mut registry = Self { container, address: String::new() };
        let ports = docker(&["port", &registry.container, "5000/tcp"])?;
        registry.address = ports.lines().next().context("no port")?.to_owned();
        Ok(registry)
    }

    /// Host and port, as in the name of an image.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The tags of a repository.
    pub async fn tags(&self, repository: &str) -> Result<Vec<String>> {
        let url = format!("http://{}/v2/{repository}/tags/list", self.address);
        let list: Value = reqwest::get(url).await?.json().await?;
        let tags = list["tags"].as_array().into_iter().flatten();
        Ok(tags.filter_map(Value::as_str).map(str::to_owned).collect())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(docker(&["rm", "--force", "--volumes", &self.container]));
    }
}

fn docker(arguments: &[&str]) -> Result<String> {
    let output = Command::new("docker").args(arguments).output().context("starting docker")?;
    ensure!(
        output.status.success(),
        "docker {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
