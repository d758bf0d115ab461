//! The way from a job to a server that only this machine reaches, as `http://127.0.0.1:8080`.
//!
//! In a container that address is the container itself. So the job's shim listens there, on a port that it
//! chooses, and passes connections on to a socket in the job's directory; behind it stands the runner, which
//! connects to its server. Does not read what passes: whoever comes this way shows the same credentials as
//! everybody else. Invariant: the way leads to the server of this runner and nowhere else.

use std::net::{IpAddr, SocketAddr};

use gantry_protocol::JobMessage;
use gantry_workflow::expr::Value;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixListener, UnixStream};

use crate::background::{self, Task};
use crate::execution::RunningJob;
use crate::infra_error::InfraError;
use crate::local_socket;

/// The socket's name in the shim's directory.
const SOCKET_FILE: &str = "server";

/// Connections of one job at a time; the oldest ends for a further one.
const MAX_CONNECTIONS: usize = 256;

/// Opens the door when the job needs one, and leads what the job is told of the server through it.
pub(super) async fn open_for(job: &mut RunningJob) -> Result<(), InfraError> {
    let Some(origin) = job.state.message.runtime.as_ref().and_then(|it| origin(&it.url)) else {
        return Ok(());
    };
    let Some(server) = origin_address(&job.host.config.server_url) else { return Ok(()) };
    let origin = origin.to_owned();
    let (own, shim) = (job.directory.root(), job.directory.shim());
    let listener = local_socket::listen_in(own, &shim, SOCKET_FILE)?;
    job.front_door = Some(background::spawn("front_door", serve(listener, server)));
    let known = job.state.record.containers.as_ref().and_then(|it| it.front_door);
    let port = match known {
        Some(port) => port,
        None => {
            let shim = job.shim()?;
            let forwarded = shim.forward((0, false), &format!("unix:{SOCKET_FILE}")).await;
            forwarded.map_err(|error| InfraError::Shim { reason: error.to_string() })?
        }
    };
    if let Some(containers) = &mut job.state.record.containers {
        containers.front_door = Some(port);
    }
    lead(&mut job.state.message, &origin, port);
    Ok(())
}

/// The scheme and the host of a URL whose host is this machine alone; `None` for any other.
fn origin(url: &str) -> Option<&str> {
    let host = url.strip_prefix("http://")?;
    let end = host.find('/').unwrap_or(host.len());
    origin_address(url)?;
    Some(&url[.."http://".len() + end])
}

/// Where a URL leads to when it leads to this machine alone.
fn origin_address(url: &str) -> Option<SocketAddr> {
    let host = url.strip_prefix("http://")?.split('/').next()?;
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port.parse().ok()?),
        _ => (host, 80),
    };
    let address: IpAddr = match name {
        "localhost" => IpAddr::from([127, 0, 0, 1]),
        other => other.trim_matches(['[', ']']).parse().ok()?,
    };
    address.is_loopback().then_some(SocketAddr::new(address, port))
}

/// Makes everything that the job is told of the server begin at the door.
fn lead(message: &mut JobMessage, origin: &str, port: u16) {
    let door = format!("http://127.0.0.1:{port}");
    let through = |url: &mut String| {
        if let Some(path) = url.strip_prefix(origin) {
            *url = format!("{door}{path}");
        }
    };
    if let Some(runtime) = &mut message.runtime {
        through(&mut runtime.url);
        through(&mut runtime.results_url);
        runtime.cache_url.as_mut().map(through);
        if let Some(request) = &mut runtime.id_token {
            through(&mut request.url);
        }
    }
    if let Value::Object(github) = &message.contexts.github {
        let entries = github.entries.iter().map(|(name, value)| {
            let mut text = value.to_text().into_owned();
            match name.as_str() {
                "api_url" | "graphql_url" => {
                    through(&mut text);
                    (name.clone(), Value::string(text))
                }
                _ => (name.clone(), value.clone()),
            }
        });
        message.contexts.github = Value::object(entries);
    }
}

async fn serve(listener: UnixListener, server: SocketAddr) {
    let mut connections: Vec<Task<()>> = Vec::new();
    loop {
        connections.retain(|connection| !connection.is_finished());
        if connections.len() >= MAX_CONNECTIONS {
            drop(connections.remove(0));
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.push(background::spawn("front_door_connection", pass(stream, server)));
            }
            Err(error) => {
                tracing::warn!(%error, "a job's way to the server is closed");
                return;
            }
        }
    }
}

/// Passes bytes on until both sides have ended.
async fn pass(mut job: UnixStream, server: SocketAddr) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let _ = server.set_nodelay(true);
    let _ = copy_bidirectional(&mut job, &mut server).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_of_this_machine_alone_need_a_door() {
        assert_eq!(origin("http://127.0.0.1:8080/toolkit/"), Some("http://127.0.0.1:8080"));
        assert_eq!(origin("http://localhost/x"), Some("http://localhost"));
        assert_eq!(origin("http://[::1]:9/x"), Some("http://[::1]:9"));
        for other in ["http://10.0.0.1:8080/", "https://localhost/", "http://ci.example/", ""] {
            assert_eq!(origin(other), None, "{other}");
        }
        assert_eq!(origin_address("http://localhost").map(|it| it.port()), Some(80));
    }
}
