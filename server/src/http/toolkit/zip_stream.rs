//! An artifact of single files as one zip file, made while it is sent.
//!
//! Invariants: no temporary copy, and memory holds a few pieces at a time; an error ends the stream in the
//! middle, so that no client takes half a file for a whole one.

use std::io::{self, Write};

use axum::body::Bytes;
use flate2::write::GzDecoder;
use futures_util::{Stream, TryStreamExt as _};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

use crate::App;
use crate::artifacts::StoredFile;
use crate::storage;

/// Pieces that wait on either side of the packer.
const WAITING_PIECES: usize = 4;

/// Bytes that are sent at once.
const SEND_BYTES: usize = 256 * 1024;

/// What the packer is told.
enum Piece {
    Begin { path: String, is_compressed: bool },
    Data(Bytes),
    End,
}

type Sent = io::Result<Bytes>;

/// The zip file of these files.
pub(super) fn zip(app: &App, files: Vec<StoredFile>) -> impl Stream<Item = Sent> + use<> {
    let (pieces, to_pack) = mpsc::channel(WAITING_PIECES);
    let (packed, to_send) = mpsc::channel(WAITING_PIECES);
    let reader = app.clone();
    let failed = packed.clone();
    app.tasks.spawn("read_artifact", async move {
        if let Err(error) = read(&reader, &pieces, files).await {
            tracing::warn!("reading the files of an artifact: {error:#}");
            let _ = failed.send(Err(io::Error::other(error))).await;
        }
    });
    drop(tokio::task::spawn_blocking(move || {
        let output = Output { sender: packed.clone(), waiting: Vec::with_capacity(SEND_BYTES) };
        if let Err(error) = pack(to_pack, output) {
            let _ = packed.blocking_send(Err(error));
        }
    }));
    ReceiverStream::new(to_send)
}

async fn read(
    app: &App,
    pieces: &mpsc::Sender<Piece>,
    files: Vec<StoredFile>,
) -> anyhow::Result<()> {
    for file in files {
        let is_compressed = file.encoding.as_deref() == Some("gzip");
        pieces.send(Piece::Begin { path: file.path, is_compressed }).await?;
        let mut db = app.db.acquire().await?;
        let contents = storage::contents(&mut db, file.blob).await?;
        drop(db);
        let mut bytes = std::pin::pin!(contents.stream(app.storage.clone(), None));
        while let Some(piece) = bytes.try_next().await? {
            pieces.send(Piece::Data(piece)).await?;
        }
    }
    pieces.send(Piece::End).await?;
    Ok(())
}

/// Ends without the zip's directory when the reader has ended without saying so.
fn pack(mut pieces: mpsc::Receiver<Piece>, output: Output) -> io::Result<()> {
    let options = SimpleFileOptions::default().large_file(true);
    let mut zip = ZipWriter::new_stream(output);
    let mut next = pieces.blocking_recv();
    loop {
        match next {
            Some(Piece::Begin { path, is_compressed }) => {
                zip.start_file(path, options)?;
                next = match is_compressed {
                    true => unpack(&mut pieces, &mut zip)?,
                    false => copy(&mut pieces, &mut zip)?,
                };
            }
            Some(Piece::Data(_)) => return Err(io::Error::other("data outside of a file")),
            Some(Piece::End) => return zip.finish()?.into_inner().send(),
            None => return Ok(()),
        }
    }
}

type Zip = ZipWriter<StreamWriter<Output>>;

/// Passes a file on; answers what comes after it.
fn copy(pieces: &mut mpsc::Receiver<Piece>, zip: &mut impl Write) -> io::Result<Option<Piece>> {
    loop {
        match pieces.blocking_recv() {
            Some(Piece::Data(bytes)) => zip.write_all(&bytes)?,
            other => return Ok(other),
        }
    }
}

fn unpack(pieces: &mut mpsc::Receiver<Piece>, zip: &mut Zip) -> io::Result<Option<Piece>> {
    let mut decoder = GzDecoder::new(zip);
    let next = copy(pieces, &mut decoder)?;
    decoder.finish()?;
    Ok(next)
}

/// Collects small writes, and waits while the client is slow.
struct Output {
    sender: mpsc::Sender<Sent>,
    waiting: Vec<u8>,
}

impl Output {
    fn send(&mut self) -> io::Result<()> {
        let bytes = std::mem::replace(&mut self.waiting, Vec::with_capacity(SEND_BYTES));
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.sender.blocking_send(Ok(bytes.into())).map_err(gone)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= SEND_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
