//! Passes datagrams to a port on the job's own 127.0.0.1 on to a service, and its answers back.
//!
//! Invariant: each client has a socket of its own towards the service, so answers go to whom they are
//! for; one that was silent for a while is forgotten.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A client without an answer for this long is forgotten; its next datagram makes it known again.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

const LARGEST_DATAGRAM: usize = 64 * 1024;

type Clients = Arc<Mutex<HashMap<SocketAddr, Arc<UdpSocket>>>>;

/// Listens and answers the port; datagrams are passed on until the shim ends.
pub fn listen(port: u16, target: &str) -> Result<u16, String> {
    if target.is_empty() {
        return Ok(port);
    }
    let target: SocketAddr = target.parse().map_err(|_| format!("`{target}` is not an address"))?;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|error| format!("listening on port {port}: {error}"))?;
    let port = socket.local_addr().map_err(|error| error.to_string())?.port();
    let socket = Arc::new(socket);
    thread::spawn(move || {
        let clients = Clients::default();
        let mut datagram = vec![0; LARGEST_DATAGRAM];
        loop {
            // An error is that of an answer that nobody wanted any more.
            if let Ok((length, client)) = socket.recv_from(&mut datagram)
                && let Ok(service) = towards(target, client, (&socket, &clients))
            {
                let _ = service.send(&datagram[..length]);
            }
        }
    });
    Ok(port)
}

/// The socket of a client, made when it is new.
fn towards(
    target: SocketAddr,
    client: SocketAddr,
    (socket, clients): (&Arc<UdpSocket>, &Clients),
) -> io::Result<Arc<UdpSocket>> {
    let mut known = clients.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(service) = known.get(&client) {
        return Ok(Arc::clone(service));
    }
    let service = Arc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?);
    service.connect(target)?;
    service.set_read_timeout(Some(IDLE_TIMEOUT))?;
    known.insert(client, Arc::clone(&service));
    let (back, answers, clients) = (Arc::clone(socket), Arc::clone(&service), Arc::clone(clients));
    thread::spawn(move || {
        let mut datagram = vec![0; LARGEST_DATAGRAM];
        while let Ok(length) = answers.recv(&mut datagram) {
            let _ = back.send_to(&datagram[..length], client);
        }
        clients.lock().unwrap_or_else(PoisonError::into_inner).remove(&client);
    });
    Ok(service)
}
