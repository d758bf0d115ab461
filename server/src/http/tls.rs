//! The same server over TLS, with a certificate of its own.
//!
//! Does not get certificates. Invariant: a certificate that cannot be read replaces none that could.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use axum::Extension;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;

use super::router;
use crate::App;

/// How often the files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// Requests in flight get this long at the end.
const STOP_PATIENCE: Duration = Duration::from_secs(8);

/// Where a certificate is.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The chain, as PEM, the server's own first.
    pub certificate: PathBuf,
    /// As PEM.
    pub key: PathBuf,
}

/// A certificate in use. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Certificate {
    files: TlsFiles,
    config: RustlsConfig,
}

/// Set on requests that came over TLS.
#[derive(Clone, Copy, Debug)]
pub(super) struct OverTls;

/// What tells that a file is another one.
type State = [Option<(SystemTime, u64)>; 2];

impl Certificate {
    /// Reads the files.
    pub async fn load(files: TlsFiles) -> anyhow::Result<Self> {
        let config = RustlsConfig::from_pem_file(&files.certificate, &files.key);
        let config = config.await.with_context(|| {
            format!(
                "the certificate `{}` with the key `{}` cannot be used",
                files.certificate.display(),
                files.key.display()
            )
        })?;
        Ok(Self { files, config })
    }

    /// Reads the files again; connections that are open keep the certificate that they began with.
    pub async fn reload(&self) -> anyhow::Result<()> {
        let TlsFiles { certificate, key } = &self.files;
        self.config.reload_from_pem_file(certificate, key).await.with_context(|| {
            format!("the new certificate `{}` cannot be used", certificate.display())
        })
    }

    async fn follow(self) {
        let mut known = self.state();
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let now = self.state();
            if now == known {
                continue;
            }
            match self.reload().await {
                Ok(()) => tracing::info!("the certificate has been replaced"),
                // The key may not be there yet; the next change of a file is the next attempt.
                Err(error) => tracing::error!(
                    error = format!("{error:#}"),
                    "the certificate has changed and the one before is used on"
                ),
            }
            known = now;
        }
    }

    fn state(&self) -> State {
        [&self.files.certificate, &self.files.key].map(|path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
    }
}

/// Answers on a listener that is bound already, until the server is told to stop.
pub async fn serve(app: App, certificate: Certificate, listener: TcpListener) {
    let handle = Handle::new();
    let shutdown = app.tasks.shutdown();
    let router = router(app).layer(Extension(OverTls));
    let config = certificate.config.clone();
    let served = async {
        axum_server::from_tcp_rustls(listener, config)?
            .handle(handle.clone())
            .serve(router.into_make_service_with_connect_info::<SocketAddr>())
            .await
    };
    let stopped = async {
        tokio::select! {
            () = shutdown.cancelled() => handle.graceful_shutdown(Some(STOP_PATIENCE)),
            () = certificate.follow() => {}
        }
    };
    let (served, ()) = tokio::join!(served, stopped);
    if let Err(error) = served {
        tracing::error!(%error, "the TLS server ended");
    }
}
