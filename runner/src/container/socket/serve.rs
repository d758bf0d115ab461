//! The sockets themselves: one for the job's shim, which leads to it, and one to be mounted.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};

use super::binds::Places;
use super::door::{Call, Door};
use super::engine::{Body, Engine};
use super::names::{Names, own_names};
use crate::background::{self, Task};
use crate::container::docker::Freezer;
use crate::container::{Limits, Owner};
use crate::infra_error::InfraError;
use crate::local_socket;
use crate::shim::Shim;

/// What a job's socket is opened with.
#[derive(Debug)]
pub struct OpenSocket {
    pub(crate) owner: Owner,
    pub(crate) places: Places,
    pub(crate) limits: Limits,
    pub(crate) job_container: String,
    pub(crate) network: String,
    /// That of the job, which nobody else knows.
    pub(crate) secret: String,
    pub(crate) shim: Arc<Shim>,
    /// Directory of the shim, and the name that the shim was told.
    pub(crate) shim_socket: (PathBuf, &'static str),
}

/// Open for as long as it is kept.
#[derive(Debug)]
pub struct EngineSocket {
    _listeners: [Task<()>; 2],
}

impl EngineSocket {
    pub(in crate::container) fn open(
        engine: &Path,
        freezer: Freezer,
        opening: OpenSocket,
    ) -> Result<Self, InfraError> {
        let Owner { runner, job, .. } = &opening.owner;
        let base = format!("{}{}", own_names(runner, *job), secret(&opening.secret));
        let own = opening.places.socket.clone();
        let directory = own.parent().unwrap_or(Path::new("/")).to_owned();
        let (shim_directory, shim_name) = opening.shim_socket;
        let door = Arc::new(Door {
            engine: Engine { socket: engine.to_owned() },
            freezer,
            names: Names::new(base, opening.network),
            owner: opening.owner,
            places: opening.places,
            limits: opening.limits,
            job_container: opening.job_container,
            shim: opening.shim,
            pushing: tokio::sync::Mutex::default(),
        });
        let name = own.file_name().and_then(|name| name.to_str()).unwrap_or("docker.sock");
        let mounted = local_socket::listen(&directory, name)?;
        let led = local_socket::listen_in(&directory, &shim_directory, shim_name)?;
        Ok(Self {
            _listeners: [
                background::spawn("engine_socket", accept(mounted, Arc::clone(&door))),
                background::spawn("engine_socket", accept(led, door)),
            ],
        })
    }
}

fn secret(token: &str) -> String {
    use sha2::{Digest as _, Sha256};
    hex::encode(&Sha256::digest(format!("names {token}"))[..12])
}

async fn accept(listener: UnixListener, door: Arc<Door>) {
    let mut connections: Vec<Task<()>> = Vec::new();
    loop {
        connections.retain(|connection| !connection.is_finished());
        match listener.accept().await {
            Ok((stream, _)) => {
                let served = serve(stream, Arc::clone(&door));
                connections.push(background::spawn("engine_client", served));
            }
            Err(error) => {
                tracing::warn!(%error, "a job's way to the engine is closed");
                return;
            }
        }
    }
}

async fn serve(stream: UnixStream, door: Arc<Door>) {
    let service = service_fn(|request| {
        let door = Arc::clone(&door);
        async move { Ok::<Response<Body>, Infallible>(answer(door, request).await) }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // Its end is the client's business.
    let _ = connection.with_upgrades().await;
}

async fn answer(door: Arc<Door>, request: hyper::Request<hyper::body::Incoming>) -> Response<Body> {
    let answered = match Call::new(request) {
        Ok(call) => door.answer(call).await,
        Err(refusal) => Err(refusal),
    };
    answered.unwrap_or_else(|refusal| refusal.response())
}
