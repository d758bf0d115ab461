//! `gantry-runner`: the runner as a program of its own.
//!
//! The first SIGTERM or SIGINT drains; the second ends the program at once, and the jobs go on in
//! their containers until the next start.

use anyhow::Context;
use clap::Parser;
use gantry_runner::config::Arguments;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("GANTRY_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("the TLS library was set up twice"))?;
    let shutdown = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let mut running = std::pin::pin!(gantry_runner::run(arguments.try_into()?, shutdown.clone()));
    loop {
        tokio::select! {
            result = &mut running => return result,
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if shutdown.is_cancelled() {
            return Ok(());
        }
        tracing::info!("draining: running jobs are finished, no new ones are taken");
        shutdown.cancel();
    }
}
