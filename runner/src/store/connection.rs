//! A process in the job's container that reads and writes the job's files for the runner.
//!
//! The runner may be another user than the job, and may see only a part of its files; the process has what
//! the job's steps have. Invariant: the process ends with the value that stands for it.

use std::io::{self, BufReader, BufWriter, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::time::timeout;

use crate::background;
use crate::execution::RunningJob;
use crate::infra_error::InfraError;
use crate::local_socket;
use crate::shim::{DATA_BYTES, Entry, Frame, OWN_PROGRAM, Start, TOKEN_VARIABLE, new_token};

/// A process that does not come by then was not started, or cannot reach the job's own localhost.
const PATIENCE: Duration = Duration::from_secs(30);

/// The job's files, as a process of the job sees them.
#[derive(Debug)]
pub(crate) struct JobFiles {
    stream: UnixStream,
    port: u16,
    shim: std::sync::Arc<crate::shim::Shim>,
}

/// One conversation at a time; blocks.
#[derive(Debug)]
pub(crate) struct Conversation {
    reader: BufReader<UnixStream>,
    writer: BufWriter<UnixStream>,
}

/// Starts the process; `process` names the step.
pub(crate) async fn open_files(job: &RunningJob, process: &str) -> Result<JobFiles, InfraError> {
    let lost = |reason: String| InfraError::Shim { reason };
    let shim = job.shim()?;
    let token = new_token();
    let name = format!("{process}-files-{}", &token[..8]);
    let (own, shared) = (job.directory.root(), job.directory.shim());
    let listener = local_socket::listen_in(own, &shared, &name)?;
    let forwarded = shim.forward((0, false), &format!("unix:{name}")).await;
    let port = forwarded.map_err(|error| lost(error.to_string()))?;
    let user = job.state.record.containers.as_ref().map(|it| it.user.clone());
    let start = Start {
        process: name.clone(),
        arguments: vec![OWN_PROGRAM.to_owned(), "--files".to_owned(), port.to_string()],
        fallback: String::new(),
        environment: vec![(TOKEN_VARIABLE.to_owned(), token.clone())],
        directory: "/".to_owned(),
        user: user.unwrap_or_default(),
        files: Vec::new(),
    };
    shim.start(start).await.map_err(|error| lost(error.to_string()))?;
    let accepted = timeout(PATIENCE, accept(&listener, &token)).await;
    let stream = accepted
        .map_err(|_| lost("the process for the job's files does not answer".to_owned()))?
        .map_err(|error| lost(error.to_string()))?;
    // Nobody else needs to find it.
    let _ = std::fs::remove_file(shared.join(&name));
    Ok(JobFiles { stream, port, shim })
}

/// Waits for who knows the token; others are sent away.
async fn accept(listener: &UnixListener, token: &str) -> io::Result<UnixStream> {
    loop {
        let (stream, _) = listener.accept().await?;
        let stream = stream.into_std()?;
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut reader = stream.try_clone()?;
        let hello = background::run_blocking(move || Frame::read(&mut reader)).await;
        if matches!(hello, Some(Ok(Some(Frame::Hello(shown)))) if shown == token.as_bytes()) {
            stream.set_read_timeout(None)?;
            return Ok(stream);
        }
    }
}

impl JobFiles {
    /// Speaks with the process on a thread of its own; when this is dropped, the conversation breaks off.
    pub(crate) async fn speak<T: Send + 'static>(
        &self,
        conversation: impl FnOnce(&mut Conversation) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let stream = self.stream.try_clone().map_err(|error| error.to_string())?;
        let clone = self.stream.try_clone().map_err(|error| error.to_string())?;
        let mut breaks_off = BreakOff(Some(clone));
        let spoken = background::run_blocking(move || {
            let reader = stream.try_clone().map_err(|error| error.to_string())?;
            conversation(&mut Conversation {
                reader: BufReader::with_capacity(DATA_BYTES, reader),
                writer: BufWriter::with_capacity(DATA_BYTES, stream),
            })
        })
        .await;
        breaks_off.0 = None;
        spoken.unwrap_or_else(|| Err("the runner is shutting down".to_owned()))
    }

    /// What is below `root`, or is there, if it is a file. Nothing if nothing is there.
    pub(crate) async fn list(&self, root: &str, with_hidden: bool) -> Result<Vec<Entry>, String> {
        let root = root.as_bytes().to_vec();
        self.speak(move |conversation| {
            conversation.say(&Frame::List { root, with_hidden })?;
            conversation.flush()?;
            let mut found = Vec::new();
            while let Some(frame) = conversation.hear()? {
                match frame {
                    Frame::Entry(entry) => found.push(entry),
                    _ => return Err(out_of_place()),
                }
            }
            Ok(found)
        })
        .await
    }

    /// Whether something is there, be it a directory, without looking into it.
    pub(crate) async fn exists(&self, path: &str) -> Result<bool, String> {
        let path = path.as_bytes().to_vec();
        self.speak(move |conversation| {
            conversation.say(&Frame::Look(path))?;
            conversation.flush()?;
            match conversation.hear()? {
                None => Ok(false),
                Some(Frame::Entry(_)) => match conversation.hear()? {
                    None => Ok(true),
                    Some(_) => Err(out_of_place()),
                },
                Some(_) => Err(out_of_place()),
            }
        })
        .await
    }

    pub(crate) async fn close(self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        // Where it leads to is gone anyway.
        let _ = self.shim.forward((self.port, false), "").await;
    }
}

impl Drop for JobFiles {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Ends a conversation whose caller has gone away.
struct BreakOff(Option<UnixStream>);

impl Drop for BreakOff {
    fn drop(&mut self) {
        let _ = self.0.as_ref().map(|stream| stream.shutdown(Shutdown::Both));
    }
}

pub(super) fn out_of_place() -> String {
    "the process for the job's files answered out of place".to_owned()
}

impl Conversation {
    pub(super) fn say(&mut self, frame: &Frame) -> Result<(), String> {
        frame.write(&mut self.writer).map_err(lost)
    }

    pub(super) fn say_data(&mut self, bytes: &[u8]) -> Result<(), String> {
        crate::shim::write_data(&mut self.writer, bytes).map_err(lost)
    }

    pub(super) fn flush(&mut self) -> Result<(), String> {
        self.writer.flush().map_err(lost)
    }

    /// The next frame of an answer; `None` at its end.
    pub(super) fn hear(&mut self) -> Result<Option<Frame>, String> {
        match Frame::read(&mut self.reader).map_err(lost)? {
            None => Err(lost(io::ErrorKind::UnexpectedEof.into())),
            Some(Frame::End) => Ok(None),
            Some(Frame::Failed(message)) => Err(message),
            Some(frame) => Ok(Some(frame)),
        }
    }

    /// Asks for entries with the contents of their files.
    pub(super) fn ask_for(
        &mut self,
        (base, follow): (&str, bool),
        paths: &[Vec<u8>],
    ) -> Result<(), String> {
        self.say(&Frame::Pack { base: base.as_bytes().to_vec(), follow })?;
        for path in paths {
            self.say(&Frame::Path(path.clone()))?;
        }
        self.say(&Frame::End)?;
        self.flush()
    }

    /// Ends what was to be unpacked.
    pub(super) fn finish_unpacking(&mut self) -> Result<(), String> {
        self.say(&Frame::End)?;
        self.flush()?;
        match self.hear()? {
            None => Ok(()),
            Some(_) => Err(out_of_place()),
        }
    }
}

fn lost(error: io::Error) -> String {
    format!("the connection to the process for the job's files is lost: {error}")
}

/// The contents of the file that was announced last.
pub(super) struct FileContents<'a> {
    conversation: &'a mut Conversation,
    rest: u64,
    piece: Vec<u8>,
    read: usize,
}

impl<'a> FileContents<'a> {
    pub(super) fn new(conversation: &'a mut Conversation, entry: &Entry) -> Self {
        Self { conversation, rest: entry.size, piece: Vec::new(), read: 0 }
    }
}

impl io::Read for FileContents<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.piece.len() {
            if self.rest == 0 {
                return Ok(0);
            }
            match self.conversation.hear().map_err(io::Error::other)? {
                Some(Frame::Data(bytes)) => {
                    self.rest = self.rest.saturating_sub(bytes.len() as u64);
                    (self.piece, self.read) = (bytes, 0);
                }
                _ => return Err(io::Error::other(out_of_place())),
            }
        }
        let piece = &self.piece[self.read..];
        let n = piece.len().min(buffer.len());
        buffer[..n].copy_from_slice(&piece[..n]);
        self.read += n;
        Ok(n)
    }
}
