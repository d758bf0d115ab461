//! The one connection to the runner, which comes and goes.
//!
//! Does not interpret messages. Invariant: at most one connection is written to, and a runner that
//! does not read is dropped instead of holding up the job.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::wire::{self, Message};

/// A runner that takes nothing for this long is treated as gone; it may connect again.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Default)]
pub struct Link(Mutex<Option<UnixStream>>);

impl Link {
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Makes `stream` the connection; the former one is closed.
    pub fn replace(&self, stream: &UnixStream) -> io::Result<()> {
        stream.set_write_timeout(Some(SEND_TIMEOUT))?;
        let former =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(stream.try_clone()?);
        if let Some(former) = former {
            let _ = former.shutdown(Shutdown::Both);
        }
        Ok(())
    }

    /// Sends to the connected runner; without one the message is dropped, since a runner asks for
    /// the state of its processes when it comes back.
    pub fn send(&self, message: &Message) {
        let mut link = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stream) = link.as_mut()
            && wire::write_frame(stream, &wire::encode_message(message)).is_err()
        {
            let _ = stream.shutdown(Shutdown::Both);
            *link = None;
        }
    }
}
