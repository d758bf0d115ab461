//! A real `gantry serve` on a data directory and a port of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::repository::TestRepository;
use crate::{program, webhook};

/// The longest any state may take to come about; far above what is ever needed.
const WAIT_LIMIT: Duration = Duration::from_secs(180);
/// How often a state is looked at while waiting for it.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// How the server is started.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// Starts the embedded runner, which needs Docker.
    pub embedded_runner: bool,
    /// Lets it keep a container ready; others would be started beside every test.
    pub warm_container: bool,
    /// Further arguments of `gantry serve`.
    pub arguments: Vec<String>,
}

/// A running server. Ended when dropped.
#[derive(Debug)]
pub struct TestServer {
    child: Child,
    folder: TempDir,
    options: ServerOptions,
    url: String,
    token: String,
    client: reqwest::Client,
}

impl TestServer {
    /// A server without a runner.
    pub async fn start() -> Result<Self> {
        Self::start_with(ServerOptions::default()).await
    }

    pub async fn start_with(options: ServerOptions) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("gantry-test-").tempdir()?;
        let child = spawn(folder.path(), &options, "127.0.0.1:0")?;
        let mut server = Self {
            child,
            folder,
            options,
            url: String::new(),
            token: String::new(),
            client: reqwest::Client::new(),
        };
        server.wait_until_listening().await?;
        Ok(server)
    }

    async fn wait_until_listening(&mut self) -> Result<()> {
        let pid = u64::from(self.child.id());
        let state = self.data_dir().join("server.json");
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("gantry serve ended with {status}:\n{}", self.log());
            }
            let text = fs::read_to_string(&state).unwrap_or_default();
            let state: Value = serde_json::from_str(&text).unwrap_or_default();
            if state["pid"] == json!(pid) {
                self.url = state["url"].as_str().context("server.json has no url")?.to_owned();
                self.token = self.read_data_file("admin-token")?;
                return Ok(());
            }
            ensure!(started.elapsed() < WAIT_LIMIT, "not listening:\n{}", self.log());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Kills the server with SIGKILL, as a crash would.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts the server again on the same data and the same port.
    pub async fn start_again(&mut self) -> Result<()> {
        let address = self.url.trim_start_matches("http://").to_owned();
        self.child = spawn(self.folder.path(), &self.options, &address)?;
        self.wait_until_listening().await
    }

    /// Ends the server as an operator would, and waits for it.
    pub fn stop(&mut self) -> Result<()> {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id())?);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "gantry serve ended with {status}:\n{}", self.log());
        Ok(())
    }

    /// Ids of the containers that the embedded runner has made and not removed.
    pub fn containers(&self) -> Result<Vec<String>> {
        let Ok(installation) = self.read_data_file("runner/installation") else {
            return Ok(Vec::new());
        };
        let filter = format!("label=gantry.runner={installation}");
        let output = Command::new("docker").args(["ps", "-aq", "--filter", &filter]).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }

    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What the server has printed so far, all starts together.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// What deliveries are signed with.
    pub fn webhook_secret(&self) -> Result<String> {
        self.read_data_file("webhook-secret")
    }

    fn read_data_file(&self, name: &str) -> Result<String> {
        let path = self.data_dir().join(name);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(text.trim().to_owned())
    }

    /// Runs a `gantry` command against this server and returns what it prints.
    pub fn gantry(&self, arguments: &[&str]) -> Result<String> {
        let output = program::command()?
            .args(arguments)
            .env("GANTRY_URL", &self.url)
            .env("GANTRY_TOKEN", &self.token)
            .env("GANTRY_DATA_DIR", self.data_dir())
            .stdin(Stdio::null())
            .output()?;
        ensure!(
            output.status.success(),
            "gantry {arguments:?} ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Registers `repository` as `full_name`.
    pub async fn register(&self, repository: &TestRepository, full_name: &str) -> Result<()> {
        let body = json!({
            "path": repository.path(), "full_name": full_name, "docker_socket": true,
        });
        let (status, answer) = self.post("/api/gantry/repositories", &body).await?;
        ensure!(status.is_success(), "registering {full_name}: {status} {answer}");
        Ok(())
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        let response = self.client.get(self.at(path)).bearer_auth(&self.token).send().await?;
        let status = response.status();
        let text = response.text().await?;
        ensure!(status.is_success(), "GET {path}: {status} {text}");
        serde_json::from_str(&text).with_context(|| format!("GET {path}: {text}"))
    }

    pub async fn get_text(&self, path: &str) -> Result<String> {
        let response = self.client.get(self.at(path)).bearer_auth(&self.token).send().await?;
        Ok(response.error_for_status()?.text().await?)
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<(StatusCode, String)> {
        let request = self.client.post(self.at(path)).bearer_auth(&self.token).json(body);
        let response = request.send().await?;
        Ok((response.status(), response.text().await?))
    }

    pub async fn put(&self, path: &str, body: &Value) -> Result<(StatusCode, String)> {
        let request = self.client.put(self.at(path)).bearer_auth(&self.token).json(body);
        let response = request.send().await?;
        Ok((response.status(), response.text().await?))
    }

    pub async fn delete(&self, path: &str) -> Result<()> {
        let response = self.client.delete(self.at(path)).bearer_auth(&self.token).send().await?;
        let status = response.status();
        ensure!(status.is_success(), "DELETE {path}: {status}");
        Ok(())
    }

    /// From now on a deployment to `environment` waits for an approval.
    pub async fn require_review(&self, full_name: &str, environment: &str) -> Result<()> {
        let path = format!("/repos/{full_name}/environments/{environment}");
        let body = json!({"review_required": true});
        let (status, answer) = self.put(&path, &body).await?;
        ensure!(status.is_success(), "environment {environment}: {status} {answer}");
        Ok(())
    }

    /// Answers (`approved` or `rejected`) every deployment of `run_id` that waits.
    pub async fn review(
        &self,
        full_name: &str,
        run_id: i64,
        state: &str,
    ) -> Result<(StatusCode, String)> {
        let path = format!("/repos/{full_name}/actions/runs/{run_id}/pending_deployments");
        let pending = self.get(&path).await?;
        let ids: Vec<&Value> = pending
            .as_array()
            .into_iter()
            .flatten()
            .map(|deployment| &deployment["environment"]["id"])
            .collect();
        let body = json!({"environment_ids": ids, "state": state, "comment": "from a test"});
        self.post(&path, &body).await
    }

    /// The newest delivery with `guid`, as the server recorded it.
    pub async fn delivery(&self, guid: &str) -> Result<Option<Value>> {
        let deliveries = self.get("/api/gantry/deliveries").await?;
        let found = deliveries.as_array().into_iter().flatten().find(|d| d["guid"] == guid);
        Ok(found.cloned())
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Delivers `payload` signed with the server's secret.
    pub async fn deliver(&self, event: &str, guid: &str, payload: &Value) -> Result<StatusCode> {
        let body = serde_json::to_vec(payload)?;
        let signature = webhook::signature(&self.read_data_file("webhook-secret")?, &body);
        self.deliver_raw(event, guid, Some(&signature), body).await
    }

    /// Delivers `body` with any signature, or none.
    pub async fn deliver_raw(
        &self,
        event: &str,
        guid: &str,
        signature: Option<&str>,
        body: Vec<u8>,
    ) -> Result<StatusCode> {
        let mut request = self
            .client
            .post(self.at("/webhooks/github"))
            .header("X-GitHub-Event", event)
            .header("X-GitHub-Delivery", guid)
            .header("Content-Type", "application/json")
            .body(body);
        if let Some(signature) = signature {
            request = request.header("X-Hub-Signature-256", signature);
        }
        Ok(request.send().await?.status())
    }

    /// Asks for `path` until `is_there` says yes, and returns that answer.
    pub async fn wait_for(&self, path: &str, is_there: impl Fn(&Value) -> bool) -> Result<Value> {
        let started = Instant::now();
        loop {
            let answer = self.get(path).await?;
            if is_there(&answer) {
                return Ok(answer);
            }
            ensure!(
                started.elapsed() < WAIT_LIMIT,
                "waited in vain at {path}; last answer {answer:#}\nserver:\n{}",
                self.log()
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The newest run of `full_name`, once there is one.
    pub async fn wait_for_run(&self, full_name: &str) -> Result<i64> {
        let path = format!("/repos/{full_name}/actions/runs");
        let runs = self.wait_for(&path, |runs| runs["total_count"] != json!(0)).await?;
        runs["workflow_runs"][0]["id"].as_i64().context("a run without id")
    }

    /// The whole view of a run, once it is completed.
    pub async fn wait_until_completed(&self, run_id: i64) -> Result<Value> {
        let path = format!("/api/gantry/runs/{run_id}");
        self.wait_for(&path, |view| view["run"]["status"] == "completed").await
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            drop(self.stop());
        }
        // Jobs that still run would wait for a next start on this data, which goes now.
        let left = self.containers().unwrap_or_default();
        if !left.is_empty() {
            drop(Command::new("docker").args(["rm", "-f", "-v"]).args(left).output());
        }
    }
}

fn spawn(folder: &Path, options: &ServerOptions, address: &str) -> Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join("server.log"))?;
    let mut command = program::command()?;
    command.args(["serve", "--listen", address, "--data-dir"]).arg(folder.join("data"));
    if !options.embedded_runner {
        command.arg("--no-runner");
    }
    command.args(["--warm", if options.warm_container { "1" } else { "0" }]);
    command
        .args(&options.arguments)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("starting gantry serve")
}
