//! Passes connections to a port on the job's own 127.0.0.1 on to a service, or to the runner.
//!
//! Takes addresses only: a static binary cannot look names up in every image. Invariant: an end of
//! either direction is passed on, so that half-closed protocols work.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const COPY_BYTES: usize = 64 * 1024;

/// Where connections are passed on to.
#[derive(Clone)]
enum Target {
    Address(SocketAddr),
    /// A socket in the shim's own directory, which is its working directory.
    Socket(String),
}

/// Listens and answers the port; connections are served until the shim ends. `unix:NAME` is a socket in
/// the shim's directory.
pub fn listen(port: u16, target: &str) -> Result<u16, String> {
    let target = match target.strip_prefix("unix:") {
        Some(name) => Target::Socket(name.to_owned()),
        None => Target::Address(
            target.parse().map_err(|_| format!("`{target}` is not an address"))?,
        ),
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|error| format!("listening on port {port}: {error}"))?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let target = target.clone();
            thread::spawn(move || serve(client, &target));
        }
    });
    Ok(port)
}

fn serve(client: TcpStream, target: &Target) -> io::Result<()> {
    client.set_nodelay(true)?;
    match target {
        Target::Address(address) => {
            let server = TcpStream::connect_timeout(address, CONNECT_TIMEOUT)?;
            server.set_nodelay(true)?;
            pass(client, server)
        }
        Target::Socket(name) => pass(client, UnixStream::connect(name)?),
    }
}

/// Both directions, each until its end.
fn pass(client: TcpStream, server: impl Side) -> io::Result<()> {
    let (from_client, to_server) = (client.try_clone()?, server.another()?);
    thread::spawn(move || copy(from_client, to_server));
    copy(server, client);
    Ok(())
}

/// One end of a connection.
trait Side: Read + Write + Send + Sized + 'static {
    fn another(&self) -> io::Result<Self>;
    fn end(&self, how: Shutdown);
}

impl Side for TcpStream {
    fn another(&self) -> io::Result<Self> {
        self.try_clone()
    }

    fn end(&self, how: Shutdown) {
        let _ = self.shutdown(how);
    }
}

impl Side for UnixStream {
    fn another(&self) -> io::Result<Self> {
        self.try_clone()
    }

    fn end(&self, how: Shutdown) {
        let _ = self.shutdown(how);
    }
}

fn copy(mut from: impl Side, mut to: impl Side) {
    let mut buffer = vec![0; COPY_BYTES];
    while let Ok(n) = from.read(&mut buffer)
        && n > 0
        && to.write_all(&buffer[..n]).is_ok()
    {}
    to.end(Shutdown::Write);
    from.end(Shutdown::Read);
}
