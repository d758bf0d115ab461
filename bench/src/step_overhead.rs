//! What a step costs beyond starting its process.
//!
//! Figure: from the start of the first to the end of the last of many trivial steps, per step.
//! Floor: the same shell started as often by a shell in a container of the same image.

use std::time::Duration;

use anyhow::{Context, Result};
use chrono::DateTime;

use crate::figures::{median_ms, report};
use crate::floor::{self, Network};
use crate::push::Bench;

const N_STEPS: u32 = 50;
const N_RUNS: u64 = 5;

/// Starts `bash -e` on a file as often as the job has steps; prints the elapsed nanoseconds.
fn floor_script() -> String {
    format!(
        "echo true > /tmp/step.sh; from=$(date +%s%N); \
         for i in $(seq {N_STEPS}); do bash --noprofile --norc -e -o pipefail /tmp/step.sh; done; \
         echo $(( $(date +%s%N) - from ))"
    )
}

pub(crate) async fn measure() -> Result<()> {
    let bench = Bench::start().await?;
    let steps: String =
        (0..N_STEPS).map(|_| "      - run: \"true\"\n        shell: bash\n").collect();
    bench.commit(&format!(
        "on: push\njobs:\n  steps:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"
    ))?;
    let (mut figures, mut floors) = (Vec::new(), Vec::new());
    for n_runs in 1..=N_RUNS {
        let (_, printed) = floor::run_container(&floor_script(), Network::Default).await?;
        let nanos: u64 = printed.trim().parse().with_context(|| printed.clone())?;
        floors.push(Duration::from_nanos(nanos) / N_STEPS);
        figures.push(per_step(&bench.run(n_runs).await?)?);
    }
    report("step overhead", median_ms(&figures), median_ms(&floors), "at most 3 ms over the floor");
    Ok(())
}

fn per_step(view: &serde_json::Value) -> Result<Duration> {
    let steps = view["jobs"][0]["steps"].as_array().context("no steps")?;
    let own: Vec<_> = steps.iter().filter(|step| step["name"] == "Run true").collect();
    let time = |step: Option<&&serde_json::Value>, key: &str| {
        let text = step.and_then(|step| step[key].as_str()).context("a step without times")?;
        DateTime::parse_from_rfc3339(text).context("a step's time")
    };
    let span = time(own.last(), "completed_at")? - time(own.first(), "started_at")?;
    Ok(span.to_std()? / u32::try_from(own.len())?)
}
