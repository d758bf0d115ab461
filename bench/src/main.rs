//! Benchmarks of the whole program, as ratios to floors measured in the same run.
//!
//! Absolute times hold for the machine they were measured on; ratios and differences travel.

#![expect(clippy::print_stdout, reason = "this is a terminal program")]

mod cache_lookup;
mod figures;
mod first_line;
mod floor;
mod ingest;
mod language;
mod long_log;
mod long_output;
mod one_service;
mod push;
mod step_overhead;
mod ten_steps;
mod transfer;
mod warm_first_line;

use anyhow::{Result, bail};

/// That of the `gantry` command, whose speed is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<()> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let known = [
        "step-overhead",
        "first-line",
        "warm-first-line",
        "ten-steps",
        "one-service",
        "transfer",
        "long-log",
        "cache-lookup",
        "long-output",
        "ingest",
        "storm",
        "language",
    ];
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no benchmark `{unknown}`; there are: {}", known.join(", "));
    }
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    // It needs a database that the others do not.
    if names.iter().any(|name| name == "cache-lookup") {
        cache_lookup::measure().await?;
    }
    if wanted("step-overhead") {
        step_overhead::measure().await?;
    }
    if wanted("first-line") {
        first_line::measure().await?;
    }
    if wanted("warm-first-line") {
        warm_first_line::measure().await?;
    }
    if wanted("ten-steps") {
        ten_steps::measure().await?;
    }
    if wanted("one-service") {
        one_service::measure().await?;
    }
    if wanted("transfer") {
        transfer::measure().await?;
    }
    if wanted("long-log") {
        long_log::measure().await?;
    }
    if wanted("long-output") {
        long_output::measure().await?;
    }
    if wanted("ingest") {
        ingest::measure().await?;
    }
    if wanted("storm") {
        ingest::measure_storm().await?;
    }
    if wanted("language") {
        language::measure()?;
    }
    Ok(())
}
