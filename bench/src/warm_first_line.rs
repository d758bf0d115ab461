//! From the lease of a job to its first log line, and to that of its first step, in a container that
//! was waiting for it.
//!
//! Both ends are what server and runner write down by the same clock: when the lease was given, and
//! when a line was read. Beside it: what the engine alone takes for a new container.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};

use crate::figures::{median_ms, report};
use crate::floor::{self, Network};
use crate::push::Bench;

const N_RUNS: u64 = 11;
const MARK: &str = "the-first-line";

/// Between two looks at the containers that wait.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

pub(crate) async fn measure() -> Result<()> {
    let bench = Bench::start_warm().await?;
    bench.commit(&format!(
        "on: push\njobs:\n  hello:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo {MARK}-$((40 + 2))\n"
    ))?;
    let (mut of_job, mut of_step, mut floors) = (Vec::new(), Vec::new(), Vec::new());
    for n_runs in 1..=N_RUNS {
        wait_for_container(&bench).await;
        floors.push(floor::run_container("echo line", Network::Jobs).await?.0);
        let view = bench.run(n_runs).await?;
        let job = &view["jobs"][0];
        let leased: DateTime<Utc> = job["started_at"].as_str().context("a start")?.parse()?;
        let path = format!("/repos/{}/actions/jobs/{}/logs", Bench::FULL_NAME, job["id"]);
        let log = bench.server.get_text(&path).await?;
        of_job.push(since(leased, log.lines().next())?);
        of_step.push(since(leased, log.lines().find(|line| line.contains("the-first-line-42")))?);
    }
    let floor = median_ms(&floors);
    let goal = "at most 15 ms";
    report("lease to first line, warm", median_ms(&of_job), floor, goal);
    report("lease to first line of the first step, warm", median_ms(&of_step), floor, goal);
    Ok(())
}

/// How long after `leased` a line was read, by the time before it.
fn since(leased: DateTime<Utc>, line: Option<&str>) -> Result<Duration> {
    let line = line.context("a line of the log is missing")?;
    let (time, _) = line.trim_start_matches('\u{feff}').split_once(' ').context("a time")?;
    let read: DateTime<Utc> = time.parse().with_context(|| format!("the time `{time}`"))?;
    ensure!(read >= leased, "a line from before the lease: {line}");
    Ok((read - leased).to_std()?)
}

/// Until a container waits for the next job.
async fn wait_for_container(bench: &Bench) {
    let directory = bench.server.data_dir().join("runner/warm");
    loop {
        let ready = std::fs::read_dir(&directory).into_iter().flatten().flatten();
        if ready.into_iter().any(|entry| entry.path().join("shim/socket").exists()) {
            return;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
