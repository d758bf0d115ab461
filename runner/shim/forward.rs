//! Passes connections to a port on the job's own 127.0.0.1 on to a service, or to the runner.
//!
//! Takes addresses only: a static binary cannot look names up in every image. Invariant: an end of
//! either direction is passed on, so that half-closed protocols work.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const COPY_BYTES: usize = 64 * 1024;

/// A client of a socket that the runner serves waits this long for a runner that is away.
const RESTART_PATIENCE: Duration = Duration::from_secs(60);
const RESTART_PAUSE: Duration = Duration::from_millis(50);

/// Where connections are passed on to.
#[derive(Clone)]
enum Target {
    Address(SocketAddr),
    /// A socket in the shim's own directory, which is its working directory.
    Socket(String),
}

/// Where the ports lead to that this listens on.
static PORTS: Mutex<BTreeMap<u16, Option<Target>>> = Mutex::new(BTreeMap::new());

/// One of them is listened on no more.
static ENDED: Condvar = Condvar::new();

/// A listener that does not notice is given up on.
const END_PATIENCE: Duration = Duration::from_secs(1);

fn ports() -> MutexGuard<'static, BTreeMap<u16, Option<Target>>> {
    PORTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens and answers the port; connections are served until the port is told to lead elsewhere, or
/// nowhere. `unix:NAME` is a socket in the shim's directory.
pub fn listen(port: u16, target: &str) -> Result<u16, String> {
    if target.is_empty() {
        return Ok(end(port));
    }
    let target = match target.strip_prefix("unix:") {
        Some(name) => Target::Socket(name.to_owned()),
        None => Target::Address(
            target.parse().map_err(|_| format!("`{target}` is not an address"))?,
        ),
    };
    if let Some(known) = ports().get_mut(&port) {
        *known = Some(target);
        return Ok(port);
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|error| format!("listening on port {port}: {error}"))?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    ports().insert(port, Some(target));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let mut ports = ports();
            let Some(target) = ports.get(&port).cloned().flatten() else {
                ports.remove(&port);
                // Before anybody can listen there anew.
                drop(listener);
                ENDED.notify_all();
                return;
            };
            drop(ports);
            thread::spawn(move || serve(client, &target));
        }
    });
    Ok(port)
}

/// Ends the listening on a port.
fn end(port: u16) -> u16 {
    match ports().get_mut(&port) {
        Some(target) => *target = None,
        None => return port,
    }
    // Whoever waits for a connection notices by one.
    let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    let has_port = |ports: &mut BTreeMap<_, _>| ports.contains_key(&port);
    drop(ENDED.wait_timeout_while(ports(), END_PATIENCE, has_port));
    port
}

/// Passes connections to a socket anywhere in the container on to one in the shim's directory.
pub fn lead(path: &str, socket: &str) -> Result<(), String> {
    static LED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut led = LED.lock().unwrap_or_else(PoisonError::into_inner);
    if led.iter().any(|known| known == path) {
        return Ok(());
    }
    let failed = |error: io::Error| format!("listening at `{path}`: {error}");
    if let Some(directory) = Path::new(path).parent() {
        fs::create_dir_all(directory).map_err(failed)?;
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o666)).map_err(failed)?;
    led.push(path.to_owned());
    let socket = socket.to_owned();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let socket = socket.clone();
            thread::spawn(move || pass(client, connect_persistently(&socket)?));
        }
    });
    Ok(())
}

/// A runner that is started again listens again.
fn connect_persistently(socket: &str) -> io::Result<UnixStream> {
    let deadline = Instant::now() + RESTART_PATIENCE;
    loop {
        match UnixStream::connect(socket) {
            Err(_) if Instant::now() < deadline => thread::sleep(RESTART_PAUSE),
            connected => return connected,
        }
    }
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
fn pass(client: impl Side, server: impl Side) -> io::Result<()> {
    let (from_client, to_server) = (client.another()?, server.another()?);
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
