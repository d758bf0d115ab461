//! A running server inside this process: database and listener in, handlers and reconcilers out.
//!
//! Does not parse arguments, start a database or run jobs; the program around it does.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use sqlx::PgPool;
use tokio::net::TcpListener;

use crate::background::{Passes, Tasks, Wakeups};
use crate::config::Config;
use crate::github::GitHub;
use crate::http::tls::{self, Certificate};
use crate::secrets::Vault;
use crate::{App, accounts, github, http, metrics, reconcilers, storage};

/// Requests and passes in flight get this long at the end; what is cut off is repeated after the
/// next start.
const STOP_PATIENCE: Duration = Duration::from_secs(8);

/// A server that answers requests and repeats its passes.
#[derive(Debug)]
pub struct Instance {
    app: App,
    address: SocketAddr,
}

impl Instance {
    /// Starts on a listener that is bound already and on a database that is migrated already.
    pub async fn start(
        mut config: Config,
        db: PgPool,
        listener: TcpListener,
    ) -> anyhow::Result<Self> {
        let address = listener.local_addr().context("reading the address of the listener")?;
        if config.public_url.is_empty() {
            config.public_url = local_url(address);
        }
        let app = App {
            vault: Arc::new(Vault::open(&config.data_dir)?),
            storage: storage::open(&config.data_dir, config.storage_url.as_deref())?,
            github: Arc::new(GitHub::new(config.github.as_ref())?),
            config: Arc::new(config),
            db,
            wakeups: Wakeups::default(),
            tasks: Tasks::default(),
            passes: Passes::default(),
        };
        if !app.github.is_connected() {
            github::connect_made_app(&app).await?;
        }
        metrics::install();
        accounts::bootstrap_admin_token(&app).await?;
        reconcilers::start(&app);
        app.tasks.spawn("http", serve_http(app.clone(), listener));
        Ok(Self { app, address })
    }

    /// Answers over TLS as well, on a listener that is bound already.
    pub fn serve_tls(&self, certificate: Certificate, listener: std::net::TcpListener) {
        self.app.tasks.spawn("https", tls::serve(self.app.clone(), certificate, listener));
    }

    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Where this machine reaches the server, whatever its public URL is.
    #[must_use]
    pub fn local_url(&self) -> String {
        local_url(self.address)
    }

    /// Ends requests and passes in order, and closes the pool.
    pub async fn stop(self) {
        if tokio::time::timeout(STOP_PATIENCE, self.app.tasks.stop()).await.is_err() {
            tracing::warn!("requests or passes were still in flight and have been cut off");
        }
        if tokio::time::timeout(STOP_PATIENCE, self.app.db.close()).await.is_err() {
            tracing::warn!("connections to the database were still in use");
        }
    }
}

async fn serve_http(app: App, listener: TcpListener) {
    let shutdown = app.tasks.shutdown();
    let listener = listener.tap_io(|stream| {
        // Small answers (a lease, a line of a log) must not wait for more bytes.
        let _ = stream.set_nodelay(true);
    });
    let router = http::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let served =
        axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "the HTTP server ended");
    }
}

/// An address that stands for all addresses is reached by the loopback one.
fn local_url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}
