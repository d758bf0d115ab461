//! From the webhook's 2xx to the first log line of the first step, in a cold container.
//!
//! Floor: create, attach and start of a container of the same image that prints one line, in a network
//! of the same kind. What isolating the jobs from each other costs shows in a second floor, on the
//! engine's default bridge.

use std::time::Instant;

use anyhow::{Result, ensure};

use crate::figures::{median_ms, report};
use crate::floor::{self, Network};
use crate::push::Bench;

const N_RUNS: u64 = 11;
const MARK: &str = "the-first-line";

pub(crate) async fn measure() -> Result<()> {
    let bench = Bench::start().await?;
    bench.commit(&format!(
        "on: push\njobs:\n  hello:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo {MARK}-$((40 + 2))\n"
    ))?;
    // The first job makes the network that the floor needs.
    bench.run(1).await?;
    let (mut figures, mut floors, mut bridge_floors) = (Vec::new(), Vec::new(), Vec::new());
    for n_runs in 2..=N_RUNS + 1 {
        floors.push(floor::run_container("echo line", Network::Jobs).await?.0);
        bridge_floors.push(floor::run_container("echo line", Network::Default).await?.0);
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
    let figure = median_ms(&figures);
    report("webhook to first line", figure, median_ms(&floors), goal);
    report("  over the default bridge", figure, median_ms(&bridge_floors), "none");
    Ok(())
}
