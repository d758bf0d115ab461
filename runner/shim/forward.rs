//! Passes connections to a port on the job's own 127.0.0.1 on to a service.
//!
//! Takes addresses only: a static binary cannot look names up in every image. Invariant: an end of
//! either direction is passed on, so that half-closed protocols work.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const COPY_BYTES: usize = 64 * 1024;

/// Listens and answers the port; connections are served until the shim ends.
pub fn listen(port: u16, target: &str) -> Result<u16, String> {
    let target: SocketAddr = target.parse().map_err(|_| format!("`{target}` is not an address"))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|error| format!("listening on port {port}: {error}"))?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || serve(client, target));
        }
    });
    Ok(port)
}

fn serve(client: TcpStream, target: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect_timeout(&target, CONNECT_TIMEOUT)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || copy(from_client, to_server));
    copy(server, client);
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = vec![0; COPY_BYTES];
    while let Ok(n) = from.read(&mut buffer)
        && n > 0
        && to.write_all(&buffer[..n]).is_ok()
    {}
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
