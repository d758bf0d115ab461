//! The order in which the parts start and stop.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use gantry_server::Instance;
use gantry_server::http::tls::{Certificate, TlsFiles};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::arguments::Arguments;
use super::data_dir::DataDir;
use super::database::Database;
use super::runner::{EmbeddedRunner, check_engine};
use super::{announce, environment, logging};

/// Runs the server until it is told to stop.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    environment::check(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
    logging::start(&arguments.log)?;
    let mut signals = Signals::new()?;
    let data_dir = DataDir::open(&arguments.data_dir)?;
    let webhook_secrets = data_dir.webhook_secrets(&arguments.webhook_secret_files)?;
    let mut config = arguments.config(webhook_secrets)?;
    config.data_dir = data_dir.path().to_owned();
    let listener = bind(arguments.listen, "--listen").await?;
    let tls = open_tls(arguments).await?;
    check_engine(arguments).await?;
    let database = tokio::select! {
        database = Database::open(arguments, &data_dir) => database?,
        () = signals.stop() => return Ok(()),
    };
    let served = match Instance::start(config, database.pool.clone(), listener).await {
        Ok(instance) => {
            if let Some((certificate, listener)) = tls {
                instance.serve_tls(certificate, listener);
            }
            serve_until_stopped(arguments, &data_dir, instance, &mut signals).await
        }
        Err(error) => Err(error),
    };
    database.stop().await;
    served
}

async fn serve_until_stopped(
    arguments: &Arguments,
    data_dir: &DataDir,
    instance: Instance,
    signals: &mut Signals,
) -> anyhow::Result<()> {
    let served = run_with_runner(arguments, data_dir, &instance, signals).await;
    data_dir.remove_server_file();
    tracing::info!("stopping");
    tokio::select! {
        () = instance.stop() => {}
        () = signals.stop() => tracing::warn!("stopping at once"),
    }
    served
}

async fn run_with_runner(
    arguments: &Arguments,
    data_dir: &DataDir,
    instance: &Instance,
    signals: &mut Signals,
) -> anyhow::Result<()> {
    let mut runner = EmbeddedRunner::start(arguments, data_dir, instance).await?;
    data_dir.write_server_file(&instance.local_url())?;
    announce::announce(instance, data_dir, arguments.webhook_secret_files.is_empty());
    let ended = tokio::select! {
        () = signals.stop() => Ok(()),
        ended = runner.ended() => ended,
    };
    runner.stop().await;
    ended
}

async fn open_tls(
    arguments: &Arguments,
) -> anyhow::Result<Option<(Certificate, std::net::TcpListener)>> {
    let (Some(address), Some(certificate), Some(key)) =
        (arguments.tls_listen, &arguments.tls_cert, &arguments.tls_key)
    else {
        return Ok(None);
    };
    let files = TlsFiles { certificate: certificate.clone(), key: key.clone() };
    let certificate = Certificate::load(files).await?;
    let listener = bind(address, "--tls-listen").await?;
    Ok(Some((certificate, listener.into_std().context("taking over the listener")?)))
}

async fn bind(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bail!(
            "the address {address} is in use: stop the other program, or choose one with {flag}"
        ),
        Err(error) => Err(error).with_context(|| format!("the address {address} cannot be used")),
    }
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("waiting for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("waiting for SIGINT")?,
        })
    }

    /// The next one of them.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
