//! One connection to a shim: requests with replies, and news of processes.
//!
//! Does not reconnect: a job whose shim is gone has ended. Invariant: every request gets an answer
//! or [`ShimError::Disconnected`], and so does everybody who waits for a process.

use std::collections::HashMap;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep};

use super::wire::{self, Answer, Exited, Message, Request, Start};
use crate::background::{self, Task};

/// Must be the name the shim uses.
const SOCKET_FILE: &str = "socket";

/// Pause before the first new attempt to connect; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_micros(300);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// Why a shim did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ShimError {
    /// The shim said no; in its words.
    #[error("{0}")]
    Refused(String),
    #[error("the shim closed its connection")]
    Disconnected,
    #[error("the shim does not answer: {0}")]
    Unreachable(String),
}

/// A process that runs, or ran.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    /// An earlier runner started it.
    pub(crate) already: bool,
    /// The program's path in the container.
    pub(crate) program: String,
}

/// What is known of a process of the shim.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProcessNews {
    pub(crate) length: u64,
    pub(crate) exited: Option<Exited>,
    pub(crate) disconnected: bool,
}

#[derive(Default)]
struct Shared {
    replies: HashMap<u32, oneshot::Sender<Answer>>,
    processes: HashMap<String, watch::Sender<ProcessNews>>,
    closed: bool,
}

/// A connected, authenticated shim.
pub(crate) struct Shim {
    writer: tokio::sync::Mutex<OwnedWriteHalf>,
    shared: Arc<Mutex<Shared>>,
    next_request: AtomicU32,
    /// The environment of the image, as the container's first process sees it.
    environment: Vec<(String, String)>,
    _reader: Task<()>,
}

impl Shim {
    /// Connects to the shim whose socket is in `directory`; tries until `patience` is over, since
    /// a container that has just been started may not listen yet.
    pub(crate) async fn connect(
        directory: &Path,
        token: &str,
        patience: Duration,
    ) -> Result<Self, ShimError> {
        let deadline = Instant::now() + patience;
        let mut pause = FIRST_PAUSE;
        loop {
            match Self::connect_once(directory, token).await {
                Ok(shim) => return Ok(shim),
                Err(error) if Instant::now() + pause > deadline => {
                    return Err(ShimError::Unreachable(error.to_string()));
                }
                Err(_) => sleep(pause).await,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn connect_once(directory: &Path, token: &str) -> io::Result<Self> {
        // The path of a socket may have 107 bytes only; through the open directory it always fits,
        // and a symlink in the directory's place is not followed.
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_PATH;
        let opened = open(directory, flags, Mode::empty())?;
        // Nor is one in the socket's place, which would lead to any socket of this machine.
        let flags = OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_PATH;
        let socket = openat(&opened, SOCKET_FILE, flags, Mode::empty())?;
        let stream = UnixStream::connect(format!("/proc/self/fd/{}", socket.as_raw_fd())).await?;
        let (mut reader, mut writer) = stream.into_split();
        let hello = Request::Hello { token: token.to_owned() };
        writer.write_all(&wire::frame(&wire::encode_request(0, &hello))).await?;
        let Message::Welcome { environment } = read_message(&mut reader).await? else {
            return Err(io::Error::other("the shim did not welcome us"));
        };
        let shared = Arc::new(Mutex::new(Shared::default()));
        let reader = background::spawn("shim_reader", read_messages(reader, Arc::clone(&shared)));
        Ok(Self {
            writer: tokio::sync::Mutex::new(writer),
            shared,
            next_request: AtomicU32::new(1),
            environment,
            _reader: reader,
        })
    }

    pub(crate) fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// Whether the shim has not closed the connection, as it does when it ends.
    pub(crate) fn is_connected(&self) -> bool {
        !lock(&self.shared).closed
    }

    async fn request(&self, request: &Request) -> Result<Answer, ShimError> {
        let number = self.next_request.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        {
            let mut shared = lock(&self.shared);
            if shared.closed {
                return Err(ShimError::Disconnected);
            }
            shared.replies.insert(number, sender);
        }
        let frame = wire::frame(&wire::encode_request(number, request));
        let written = self.writer.lock().await.write_all(&frame).await;
        if written.is_err() {
            return Err(ShimError::Disconnected);
        }
        match receiver.await {
            Ok(Answer::Failed(message)) => Err(ShimError::Refused(message)),
            Ok(answer) => Ok(answer),
            Err(_) => Err(ShimError::Disconnected),
        }
    }

    /// Makes directories in the container and gives them to `user`; answers its numbers.
    pub(crate) async fn prepare(
        &self,
        user: &str,
        directories: Vec<String>,
    ) -> Result<(u32, u32), ShimError> {
        match self.request(&Request::Prepare { user: user.to_owned(), directories }).await? {
            Answer::Prepared { uid, gid } => Ok((uid, gid)),
            _ => Err(unexpected()),
        }
    }

    /// Starts a process, unless one of that name was started before; its first news comes unasked.
    pub(crate) async fn start(&self, start: Start) -> Result<Started, ShimError> {
        match self.request(&Request::Start(start)).await? {
            Answer::Started { already, program } => Ok(Started { already, program }),
            _ => Err(unexpected()),
        }
    }

    /// Signals the process group of a process; nothing happens when it has ended.
    pub(crate) async fn signal(&self, process: &str, signal: i32) -> Result<(), ShimError> {
        self.request(&Request::Signal { process: process.to_owned(), signal }).await.map(drop)
    }

    /// Contents of files as a process in the container would read them; `None` if one is missing.
    pub(crate) async fn read_files(
        &self,
        paths: Vec<String>,
        max_bytes: u64,
    ) -> Result<Vec<Option<Vec<u8>>>, ShimError> {
        match self.request(&Request::ReadFiles { paths, max_bytes }).await? {
            Answer::Files(files) => Ok(files),
            _ => Err(unexpected()),
        }
    }

    /// Makes `127.0.0.1:port` in the container lead to `target`, instead of where it led before; port 0
    /// lets the shim choose. An empty target ends it.
    pub(crate) async fn forward(
        &self,
        (port, is_udp): (u16, bool),
        target: &str,
    ) -> Result<u16, ShimError> {
        let target = target.to_owned();
        match self.request(&Request::Forward { port, is_udp, target }).await? {
            Answer::Listening { port } => Ok(port),
            _ => Err(unexpected()),
        }
    }

    /// Makes a socket in the container lead to one in the shim's directory, unless it does already.
    pub(crate) async fn lead(&self, path: &str, socket: &str) -> Result<(), ShimError> {
        let (path, socket) = (path.to_owned(), socket.to_owned());
        match self.request(&Request::Lead { path, socket }).await? {
            Answer::Listening { .. } => Ok(()),
            _ => Err(unexpected()),
        }
    }

    /// What is known of a process, and later news. Ask for them with [`Self::ask_for_output`].
    pub(crate) fn news(&self, process: &str) -> watch::Receiver<ProcessNews> {
        let mut shared = lock(&self.shared);
        let disconnected = shared.closed;
        let sender = shared.processes.entry(process.to_owned()).or_insert_with(|| {
            watch::Sender::new(ProcessNews { disconnected, ..ProcessNews::default() })
        });
        sender.subscribe()
    }

    /// One piece of news comes when the spool is longer than `seen` or the process has ended.
    pub(crate) async fn ask_for_output(&self, process: &str, seen: u64) -> Result<(), ShimError> {
        self.request(&Request::Watch { process: process.to_owned(), seen }).await.map(drop)
    }
}

impl std::fmt::Debug for Shim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shim").finish_non_exhaustive()
    }
}

fn unexpected() -> ShimError {
    ShimError::Refused("the shim gave an answer of the wrong kind".to_owned())
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn read_message(reader: &mut OwnedReadHalf) -> io::Result<Message> {
    let mut head = [0; 4];
    reader.read_exact(&mut head).await?;
    let mut body = vec![0; wire::frame_length(head)?];
    reader.read_exact(&mut body).await?;
    wire::decode_message(&body)
}

async fn read_messages(mut reader: OwnedReadHalf, shared: Arc<Mutex<Shared>>) {
    while let Ok(message) = read_message(&mut reader).await {
        let mut shared = lock(&shared);
        match message {
            Message::Welcome { .. } => {}
            Message::Reply { request, answer } => {
                if let Some(sender) = shared.replies.remove(&request) {
                    // Whoever asked may have stopped waiting.
                    let _ = sender.send(answer);
                }
            }
            Message::Output { process, length } => {
                shared.tell(&process, |news| news.length = length);
            }
            Message::Exited(exited) => {
                let process = exited.process.clone();
                shared.tell(&process, |news| news.exited = Some(exited));
            }
        }
    }
    let mut shared = lock(&shared);
    shared.closed = true;
    shared.replies.clear();
    for sender in shared.processes.values() {
        sender.send_modify(|news| news.disconnected = true);
    }
}

impl Shared {
    fn tell(&mut self, process: &str, change: impl FnOnce(&mut ProcessNews)) {
        self.processes
            .entry(process.to_owned())
            .or_insert_with(|| watch::Sender::new(ProcessNews::default()))
            .send_modify(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_symlink_in_the_sockets_place_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let other = directory.path().join("other");
        let listener = std::os::unix::net::UnixListener::bind(&other).unwrap();
        listener.set_nonblocking(true).unwrap();
        std::os::unix::fs::symlink(&other, directory.path().join(SOCKET_FILE)).unwrap();
        assert!(Shim::connect(directory.path(), "token", Duration::ZERO).await.is_err());
        assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
