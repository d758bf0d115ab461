//! A job of ten trivial steps in a cold container, from the beginning of its set-up to the end of its
//! last step.
//!
//! Floor: create, attach and start of a container of the same image, in a network of the same kind, in
//! which one shell starts ten others.

use std::time::Duration;

use anyhow::{Context, Result};
use chrono::DateTime;
use serde_json::Value;

use crate::figures::{median_ms, report};
use crate::floor::{self, Network};
use crate::push::Bench;

const N_STEPS: usize = 10;
const N_RUNS: u64 = 11;

pub(crate) async fn measure() -> Result<()> {
    let bench = Bench::start().await?;
    let steps = "      - run: \"true\"\n        shell: bash\n".repeat(N_STEPS);
    bench.commit(&format!(
        "on: push\njobs:\n  steps:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"
    ))?;
    // The first job makes the network that the floor needs.
    bench.run(1).await?;
    let script = format!(
        "echo true > /tmp/step.sh; \
         for i in $(seq {N_STEPS}); do bash --noprofile --norc -e -o pipefail /tmp/step.sh; done; \
         echo done"
    );
    let (mut figures, mut floors) = (Vec::new(), Vec::new());
    for n_runs in 2..=N_RUNS + 1 {
        floors.push(floor::run_container(&script, Network::Jobs).await?.0);
        let view = bench.run(n_runs).await?;
        figures.push(between(&view, "Set up job", "started_at", ("Run true", "completed_at"))?);
    }
    let goal = "at most 1.25 of the floor";
    report("ten steps, cold", median_ms(&figures), median_ms(&floors), goal);
    Ok(())
}

/// From a time of the first step of one name to one of the last step of another.
pub(crate) fn between(
    view: &Value,
    first: &str,
    from: &str,
    (last, to): (&str, &str),
) -> Result<Duration> {
    let steps = view["jobs"][0]["steps"].as_array().context("no steps")?;
    let time = |step: Option<&Value>, key: &str| {
        let text = step.and_then(|step| step[key].as_str()).context("a step without times")?;
        DateTime::parse_from_rfc3339(text).context("a step's time")
    };
    let start = steps.iter().find(|step| step["name"] == first);
    let end = steps.iter().rfind(|step| step["name"] == last);
    Ok((time(end, to)? - time(start, from)?).to_std()?)
}
