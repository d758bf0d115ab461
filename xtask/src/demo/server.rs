//! The demo's server: a `gantry serve` on a fresh data directory and a free port.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::REPOSITORY;
use crate::command::output;

/// How long the server may take from its start to listening, first start of PostgreSQL included.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How often the demo looks at the run; only a matter of display.
const REFRESH: Duration = Duration::from_millis(250);

/// A running server. Stopped when dropped, unless detached.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    program: PathBuf,
    data_dir: PathBuf,
    log_path: PathBuf,
    url: String,
    token: String,
    detached: Cell<bool>,
}

impl Server {
    pub(super) fn start(program: &Path, folder: &Path) -> Result<Self> {
        let data_dir = folder.join("data");
        let log_path = folder.join("server.log");
        let log = File::create(&log_path)?;
        let child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--docker-socket=engine", "--data-dir"])
            .arg(&data_dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let mut server = Self {
            child,
            program: program.to_path_buf(),
            data_dir,
            log_path,
            url: String::new(),
            token: String::new(),
            detached: Cell::new(false),
        };
        server.wait_until_listening()?;
        Ok(server)
    }

    fn wait_until_listening(&mut self) -> Result<()> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(&self.log_path).unwrap_or_default();
                bail!("the server ended with {status}:\n{log}");
            }
            if let Ok(text) = fs::read_to_string(self.data_dir.join("server.json"))
                && let Ok(state) = serde_json::from_str::<Value>(&text)
                && let Some(url) = state["url"].as_str()
            {
                self.url = url.to_owned();
                self.token =
                    fs::read_to_string(self.data_dir.join("admin-token"))?.trim().to_owned();
                return Ok(());
            }
            if started.elapsed() > START_LIMIT {
                bail!("the server does not listen after 60 s; see {}", self.log_path.display());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn log_path(&self) -> &Path {
        &self.log_path
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets the server outlive the demo.
    pub(super) fn detach(&self) {
        self.detached.set(true);
    }

    /// Runs a `gantry` command against this server and returns what it prints.
    pub(super) fn gantry(&self, arguments: &[&str]) -> Result<String> {
        output(self.command().args(arguments))
    }

    /// As [`Server::gantry`], with `input` on standard input.
    pub(super) fn gantry_with_input(&self, arguments: &[&str], input: &str) -> Result<String> {
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the gantry command")?;
        child.stdin.take().context("no standard input")?.write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("`gantry {}` ended with {}", arguments.join(" "), output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("GANTRY_URL", &self.url)
            .env("GANTRY_TOKEN", &self.token)
            .env("GANTRY_DATA_DIR", &self.data_dir);
        command
    }

    /// The answer to `GET path`.
    pub(super) fn get(&self, path: &str) -> Result<Value> {
        let mut response = ureq::get(format!("{}{path}", self.url))
            .header("Authorization", format!("Bearer {}", self.token))
            .call()
            .with_context(|| format!("asking the server for {path}"))?;
        Ok(response.body_mut().read_json()?)
    }

    /// The text of a job's log.
    pub(super) fn job_log(&self, job_id: u64) -> Result<String> {
        let path = format!("/repos/{REPOSITORY}/actions/jobs/{job_id}/logs");
        let mut response = ureq::get(format!("{}{path}", self.url))
            .header("Authorization", format!("Bearer {}", self.token))
            .call()?;
        Ok(response.body_mut().read_to_string()?)
    }

    /// The id of the run that the push started.
    pub(super) fn first_run(&mut self) -> Result<u64> {
        let started = Instant::now();
        loop {
            let runs = self.get(&format!("/repos/{REPOSITORY}/actions/runs"))?;
            if let Some(id) = runs["workflow_runs"][0]["id"].as_u64() {
                return Ok(id);
            }
            if started.elapsed() > Duration::from_secs(30) {
                bail!("the push started no run; see {}", self.log_path.display());
            }
            self.wait_for_change()?;
        }
    }

    pub(super) fn run_view(&self, run_id: u64) -> Result<Value> {
        self.get(&format!("/api/gantry/runs/{run_id}"))
    }

    /// Waits a moment; fails when the server has ended.
    pub(super) fn wait_for_change(&mut self) -> Result<()> {
        std::thread::sleep(REFRESH);
        match self.child.try_wait()? {
            Some(status) => {
                bail!("the server ended with {status}; see {}", self.log_path.display())
            }
            None => Ok(()),
        }
    }

    /// Ends the server as an operator would, and waits for it.
    pub(super) fn stop(&mut self) -> Result<()> {
        if self.detached.get() || self.child.try_wait()?.is_some() {
            return Ok(());
        }
        output(Command::new("kill").arg(self.child.id().to_string()))?;
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the server ended with {status} when it was told to stop");
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            crate::command::complain(&format!("stopping the server: {error:#}"));
        }
    }
}
