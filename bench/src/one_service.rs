//! A job with one service in a cold container, from the beginning of its set-up to its first step's end.
//!
//! Floor: a network is made, and then both containers are created and started in it at the same time.

use anyhow::Result;

use crate::figures::{median_ms, report};
use crate::floor;
use crate::push::Bench;
use crate::ten_steps::between;

const N_RUNS: u64 = 11;

pub(crate) async fn measure() -> Result<()> {
    let bench = Bench::start().await?;
    bench.commit(&format!(
        "on: push\njobs:\n  hello:\n    runs-on: ubuntu-latest\n    services:\n      one:\n        image: {}\n        \
         entrypoint: sleep\n        command: \"600\"\n    steps:\n      - run: \"true\"\n        shell: bash\n",
        floor::IMAGE
    ))?;
    let (mut figures, mut floors) = (Vec::new(), Vec::new());
    for n_runs in 1..=N_RUNS {
        floors.push(floor::run_with_service().await?);
        let view = bench.run(n_runs).await?;
        figures.push(between(&view, "Set up job", "started_at", ("Run true", "completed_at"))?);
    }
    let goal = "at most 1.3 of the floor";
    report("one service, cold", median_ms(&figures), median_ms(&floors), goal);
    Ok(())
}
