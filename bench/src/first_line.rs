//! From the webhook's 2xx to the first log line of the first step, in a cold container.
//!
//! Floor: create, attach and start of a container of the same image that prints one line.

use std::time::Instant;

use anyhow::{Result, ensure};

use crate::figures::{median_ms, report};
use crate::floor;
use crate::push::Bench;

const N_RUNS: u64 = 11;
const MARK: &str = "the-first-line";

pub(crate) async fn measure() -> Result<()> {
    let bench = Bench::start().await?;
    bench.commit(&format!(
        "on: push\njobs:\n  hello:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo {MARK}-$((40 + 2))\n"
    ))?;
    let (mut figures, mut floors) = (Vec::new(), Vec::new());
    for n_runs in 1..=N_RUNS {
        floors.push(floor::run_container("echo line").await?.0);
        bench.push().await?;
        let answered = Instant::now();
        let run_id = bench.newest_run(n_runs).await?;
        let path = format!("/api/gantry/runs/{run_id}");
        let view = bench.server.wait_for(&path, |view| view["jobs"][0]["id"].is_i64()).await?;
        let log = format!("/api/gantry/jobs/{}/log", view["jobs"][0]["id"]);
        bench.server.wait_for(&log, |log| log.to_string().contains("the-first-line-42")).await?;
        figures.push(answered.elapsed());
        let view = bench.server.wait_until_completed(run_id).await?;
        ensure!(view["run"]["conclusion"] == "success", "the benchmark's run failed: {view:#}");
    }
    let goal = "at most 60 ms over the floor";
    report("webhook to first line", median_ms(&figures), median_ms(&floors), goal);
    Ok(())
}
