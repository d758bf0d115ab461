//! Scenario folders: a workflow, an event, what the runner does, and what must come out.
//!
//! `workflow.yml`; `event.json` (`{"branch": "main"}`, or `{"dispatch": {...inputs}}`, and
//! `"review": ["environment", ...]` for environments that need an approval); `runner.yml`
//! (a [`Script`]); `expected.snap`. Adding a scenario needs no Rust.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake_runner::{FakeRunner, Script};
use crate::repository::TestRepository;
use crate::server::TestServer;
use crate::webhook;

/// How long the runner waits for a further job before it looks whether the run is over.
const IDLE_MS: u64 = 200;

/// Plays the scenario in `folder` on `server` and returns the outcome as text for the snapshot.
pub async fn play(server: &TestServer, runner: &FakeRunner, folder: &Path) -> Result<String> {
    let name = folder.file_name().context("a folder without a name")?.to_string_lossy();
    let full_name = format!("acme/{name}");
    let workflow = read(folder, "workflow.yml")?;
    let event: Value = serde_json::from_str(&read(folder, "event.json")?)?;
    let script: Script = match fs::read_to_string(folder.join("runner.yml")) {
        Ok(text) => serde_yaml::from_str(&text).context("runner.yml")?,
        Err(_) => Script::default(),
    };
    let repository = TestRepository::create(&[(".github/workflows/scenario.yml", &workflow)])?;
    server.register(&repository, &full_name).await?;
    for environment in event["review"].as_array().into_iter().flatten() {
        server.require_review(&full_name, word(environment)).await?;
    }
    start(server, &full_name, &repository, &event).await?;
    let run_id = server.wait_for_run(&full_name).await?;
    loop {
        let played = runner.play(&script, IDLE_MS).await?;
        let view = server.get(&format!("/api/gantry/runs/{run_id}")).await?;
        if view["run"]["status"] == "completed" || view["run"]["status"] == "waiting" {
            return Ok(describe(&view));
        }
        ensure!(!played.is_empty() || is_busy(&view), "nothing moves: {view:#}");
    }
}

/// Whether the server still has something to decide.
fn is_busy(view: &Value) -> bool {
    view["run"]["status"] != "completed"
}

async fn start(
    server: &TestServer,
    full_name: &str,
    repository: &TestRepository,
    event: &Value,
) -> Result<()> {
    if let Some(inputs) = event.get("dispatch") {
        let path = format!("/repos/{full_name}/actions/workflows/scenario.yml/dispatches");
        let (status, answer) =
            server.post(&path, &json!({"ref": "main", "inputs": inputs})).await?;
        ensure!(status.is_success(), "dispatch: {status} {answer}");
        return Ok(());
    }
    let branch = event["branch"].as_str().unwrap_or("main");
    let payload = webhook::push(full_name, branch, webhook::NO_COMMIT, &repository.head()?);
    let status = server.deliver("push", &Uuid::new_v4().to_string(), &payload).await?;
    ensure!(status.is_success(), "delivery: {status}");
    Ok(())
}

/// The run, its jobs and its diagnostics, one line each.
fn describe(view: &Value) -> String {
    let run = &view["run"];
    let mut text = format!("run: {} {}\n", word(&run["status"]), word(&run["conclusion"]));
    for job in view["jobs"].as_array().into_iter().flatten() {
        let _ = write!(
            text,
            "job: {}: {} {}",
            word(&job["name"]),
            word(&job["status"]),
            word(&job["conclusion"])
        );
        if let Some(reason) = job["reason"].as_str() {
            let _ = write!(text, " - {reason}");
        }
        text.push('\n');
    }
    for diagnostic in view["diagnostics"].as_array().into_iter().flatten() {
        let position = &diagnostic["position"];
        let _ = writeln!(
            text,
            "{}: {}:{}:{}: {}",
            word(&diagnostic["severity"]),
            word(&diagnostic["file"]),
            position["line"],
            position["column"],
            word(&diagnostic["message"])
        );
    }
    text
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

fn read(folder: &Path, name: &str) -> Result<String> {
    let path = folder.join(name);
    fs::read_to_string(&path).with_context(|| path.display().to_string())
}
