//! Scenario folders: a workflow, an event, what the runner does, and what must come out.
//!
//! `workflow.yml` and, in `called/`, further files that it may call; `event.json`
//! (`{"branch": "main"}`, or `{"dispatch": {...inputs}}`, `"review": ["environment", ...]` for
//! environments that need an approval, and `"secrets": {...}`); `runner.yml` (a [`Script`]);
//! `expected.snap`. Adding a scenario needs no Rust.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use gantry_protocol::JobMessage;
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
    let mut files = called_files(folder)?;
    files.push((".github/workflows/scenario.yml".to_owned(), workflow));
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let repository = TestRepository::create(&files)?;
    server.register(&repository, &full_name).await?;
    for (name, value) in event["secrets"].as_object().into_iter().flatten() {
        let path = format!("/api/gantry/repositories/{full_name}/secrets/{name}");
        let (status, answer) = server.put(&path, &json!({"value": value})).await?;
        ensure!(status.is_success(), "secret {name}: {status} {answer}");
    }
    for environment in event["review"].as_array().into_iter().flatten() {
        server.require_review(&full_name, word(environment)).await?;
    }
    start(server, &full_name, &repository, &event).await?;
    let run_id = server.wait_for_run(&full_name).await?;
    let mut given = Vec::new();
    loop {
        let played = runner.play_messages(&script, IDLE_MS).await?;
        let called = played.iter().filter(|job| job.workflow.is_called);
        given.extend(called.map(describe_given));
        let view = server.get(&format!("/api/gantry/runs/{run_id}")).await?;
        if view["run"]["status"] == "completed" || view["run"]["status"] == "waiting" {
            given.sort();
            return Ok(describe(&view) + &given.concat());
        }
        ensure!(!played.is_empty() || is_busy(&view), "nothing moves: {view:#}");
    }
}

/// The files in `called/`, as workflows of the repository.
fn called_files(folder: &Path) -> Result<Vec<(String, String)>> {
    let Ok(entries) = fs::read_dir(folder.join("called")) else { return Ok(Vec::new()) };
    entries
        .map(|entry| {
            let path = entry?.path();
            let name = path.file_name().context("a file without a name")?.to_string_lossy();
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            Ok((format!(".github/workflows/{name}"), text))
        })
        .collect()
}

/// What a called job gets from its callers.
fn describe_given(job: &JobMessage) -> String {
    let inputs = job.contexts.inputs.to_json();
    let secrets: Vec<String> =
        job.secrets.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let may = job.permissions.iter().filter(|(scope, _)| scope != "metadata");
    let may: Vec<String> = may.map(|(scope, access)| format!("{scope} {access:?}")).collect();
    format!(
        "given: {}: inputs {inputs}; secrets [{}]; may [{}]\n",
        job.name,
        secrets.join(", "),
        may.join(", ").to_lowercase()
    )
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
