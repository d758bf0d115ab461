//! A log of a million lines, opened in a browser.
//!
//! No floor: the goals are times that people notice.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use gantry_protocol::{CompleteJob, Conclusion, LogChunk, StepStatus};
use gantry_tests::{FakeRunner, ServerOptions, TestRepository, TestServer, webhook};
use serde_json::{Value, json};

const N_CHUNKS: u64 = 1000;
const N_LINES: u64 = 1000;
/// Of the one line that is marked as an error, within the step.
const ERROR_LINE: u64 = 765_432;

pub(crate) async fn measure() -> Result<()> {
    let arguments = vec!["--lease-seconds".to_owned(), "3600".to_owned()];
    let options = ServerOptions { arguments, ..ServerOptions::default() };
    let server = TestServer::start_with(options).await?;
    let (run, job) = failed_job(&server).await?;
    let (status, link) = server.post("/api/gantry/login-links", &json!({})).await?;
    ensure!(status.is_success(), "no link to sign in: {status}");
    let link: Value = serde_json::from_str(&link)?;
    let page = format!("{}/acme/app/actions/runs/{run}/job/{job}", server.url());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/browser/long-log.js");
    let login = link["url"].as_str().context("no link to sign in")?;
    let output = Command::new("node").args([script, login, page.as_str()]).output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    let figures: Value = serde_json::from_slice(&output.stdout)?;
    println!("log of 1,000,000 lines in the browser (medians):");
    for (name, unit, goal) in [
        ("first_lines", "ms", "300 ms"),
        ("first_failing_line", "ms", "1000 ms"),
        ("scroll_to_end", "ms", "300 ms"),
        ("search", "ms", "1500 ms"),
        ("frames_per_second", "", "at least 55"),
        ("page_memory", "MiB", "150 MiB"),
    ] {
        println!(
            "  {}: {:.0} {unit}; goal: {goal}",
            name.replace('_', " "),
            number(&figures, name)?
        );
    }
    Ok(())
}

fn number(figures: &Value, name: &str) -> Result<f64> {
    figures[name].as_f64().with_context(|| format!("the page gave no {name}: {figures}"))
}

/// A run and its job, which has written everything and failed; the log is archived.
async fn failed_job(server: &TestServer) -> Result<(i64, i64)> {
    let workflow =
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n";
    let repository = TestRepository::create(&[(".github/workflows/ci.yml", workflow)])?;
    server.register(&repository, "acme/app").await?;
    let payload = webhook::push("acme/app", "main", webhook::NO_COMMIT, &repository.head()?);
    server.deliver("push", "guid-1", &payload).await?;
    let run = server.wait_for_run("acme/app").await?;
    let runner = FakeRunner::register(server, "bench", &["ubuntu-latest"]).await?;
    let message = runner.lease(30_000).await?.context("no job came up")?;
    runner.send_step(&message, StepStatus::InProgress, None).await?;
    let started = Instant::now();
    for sequence in 0..N_CHUNKS {
        let first_line = sequence * N_LINES;
        let chunk = LogChunk { sequence, step_number: 1, first_line, text: text(first_line) };
        let status = runner.send_chunk(&message, chunk).await?;
        ensure!(status.is_success(), "a chunk of the log: {status}");
    }
    println!("1,000,000 lines sent in {:.1} s", started.elapsed().as_secs_f64());
    runner.send_step(&message, StepStatus::Completed, Some(Conclusion::Failure)).await?;
    let complete = CompleteJob {
        lease: message.lease,
        conclusion: Conclusion::Failure,
        outputs: Default::default(),
        annotations: Vec::new(),
        environment_url: None,
        infrastructure_error: None,
        log_chunks: N_CHUNKS,
    };
    let status = runner.complete(&message, &complete).await?;
    ensure!(status.is_success(), "completing the job: {status}");
    server.wait_until_completed(run).await?;
    Ok((run, message.job_id.0))
}

fn text(first_line: u64) -> String {
    let lines = (first_line..first_line + N_LINES).map(|line| {
        let marker = if line == ERROR_LINE { "##[error]" } else { "" };
        let colour = if line % 50 == 0 { "\u{1b}[32mok\u{1b}[0m " } else { "" };
        format!(
            "2026-01-01T00:00:00.0000000Z {marker}{colour}compiling unit {line} of the program\n"
        )
    });
    lines.collect()
}
