//! From the job's files to the server, in blocks that are sent while the next ones are made.
//!
//! Invariant: a blob is committed only when all of it has been packed and sent.

use std::io::{self, Read, Write};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sha2::{Digest as _, Sha256};
use tokio::sync::{RwLock, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use uuid::Uuid;

use super::client::{StoreClient, StoreError, text_of};
use super::connection::{Conversation, FileContents, JobFiles, out_of_place};
use super::tar_stream::write_tar;
use super::zip_stream::write_zip;
use crate::shim::{EntryKind, Frame};

/// Bytes of a block. A job holds [`MOST_BLOCKS`] and two more of them in memory.
const BLOCK_BYTES: usize = 4 * 1024 * 1024;

/// Blocks that are sent at the same time.
const MOST_BLOCKS: usize = 4;

/// What has been uploaded.
#[derive(Clone, Debug)]
pub(crate) struct Uploaded {
    pub(crate) size_bytes: u64,
    /// Lower-case hex.
    pub(crate) sha256: String,
}

/// Files below `base` as a zip file, compressed so much (0 to 9).
pub(crate) async fn upload_zip(
    (client, url): (&StoreClient, &str),
    files: &JobFiles,
    (base, paths): (&str, Vec<Vec<u8>>),
    compression_level: i64,
) -> Result<Uploaded, String> {
    let base = base.to_owned();
    let pack = move |conversation: &mut Conversation, sink: &mut BlockSink| {
        write_zip(conversation, (&base, &paths), compression_level, sink)
    };
    upload((client, url), files, "application/zip", pack).await
}

/// One file as it is.
pub(crate) async fn upload_file(
    (client, url): (&StoreClient, &str),
    files: &JobFiles,
    path: &str,
    content_type: &str,
) -> Result<Uploaded, String> {
    let paths = [path.trim_start_matches('/').as_bytes().to_vec()];
    let pack = move |conversation: &mut Conversation, sink: &mut BlockSink| {
        conversation.ask_for(("/", true), &paths)?;
        while let Some(frame) = conversation.hear()? {
            let Frame::Entry(entry) = frame else { return Err(out_of_place()) };
            io::copy(&mut FileContents::new(conversation, &entry), sink)
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    };
    upload((client, url), files, content_type, pack).await
}

/// Paths with all that is below them, as a cache.
pub(crate) async fn upload_cache(
    (client, url): (&StoreClient, &str),
    files: &JobFiles,
    (base, paths): (&str, Vec<Vec<u8>>),
) -> Result<Uploaded, String> {
    let base = base.to_owned();
    let pack = move |conversation: &mut Conversation, sink: &mut BlockSink| {
        write_tar(conversation, (&base, &paths), sink)
    };
    upload((client, url), files, "application/octet-stream", pack).await
}

async fn upload(
    (client, url): (&StoreClient, &str),
    files: &JobFiles,
    content_type: &str,
    pack: impl FnOnce(&mut Conversation, &mut BlockSink) -> Result<(), String> + Send + 'static,
) -> Result<Uploaded, String> {
    let (sender, receiver) = mpsc::channel(1);
    let packing = files.speak(move |conversation| {
        let mut sink = BlockSink::new(sender);
        pack(conversation, &mut sink)?;
        sink.finish()
    });
    let sending = send_blocks(client, url, receiver);
    let (packed, names) = tokio::join!(packing, sending);
    // Nobody takes the blocks any more when sending has failed, so that error is the first one.
    let names = names?;
    let uploaded = packed?;
    client.commit(url, &names, content_type).await?;
    Ok(uploaded)
}

/// Answers the names of the blocks, in their order.
async fn send_blocks(
    client: &StoreClient,
    url: &str,
    receiver: mpsc::Receiver<Bytes>,
) -> Result<Vec<String>, StoreError> {
    let sent = ReceiverStream::new(receiver).enumerate().map(|(number, bytes)| async move {
        // All names of a blob have the same length.
        let name = format!("{}{number:08}", Uuid::new_v4().simple());
        let name = block_name(&name);
        client.put_block(url, Some(&name), bytes).await.map(|()| name)
    });
    sent.buffered(MOST_BLOCKS).try_collect().await
}

fn block_name(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Cuts what is written into blocks.
pub(super) struct BlockSink {
    sender: mpsc::Sender<Bytes>,
    block: Vec<u8>,
    digest: Sha256,
    size_bytes: u64,
}

impl BlockSink {
    fn new(sender: mpsc::Sender<Bytes>) -> Self {
        let block = Vec::with_capacity(BLOCK_BYTES);
        Self { sender, block, digest: Sha256::new(), size_bytes: 0 }
    }

    fn send(&mut self) -> io::Result<()> {
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK_BYTES));
        self.sender.blocking_send(block.into()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn finish(mut self) -> Result<Uploaded, String> {
        if !self.block.is_empty() || self.size_bytes == 0 {
            self.send().map_err(|error| error.to_string())?;
        }
        Ok(Uploaded { size_bytes: self.size_bytes, sha256: hex::encode(self.digest.finalize()) })
    }
}

impl Write for BlockSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(BLOCK_BYTES - self.block.len());
        self.block.extend_from_slice(&bytes[..n]);
        self.digest.update(&bytes[..n]);
        self.size_bytes += n as u64;
        if self.block.len() == BLOCK_BYTES {
            self.send()?;
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A piece of a file, for the protocol of old clients.
struct Piece {
    item_path: String,
    first: u64,
    total: u64,
    bytes: Bytes,
}

/// Files below `base` one by one into the container of an artifact, as clients up to version 3 did.
/// Answers the bytes that were sent.
pub(crate) async fn upload_single_files(
    (client, url): (&StoreClient, &str),
    files: &JobFiles,
    (base, paths): (&str, Vec<Vec<u8>>),
    artifact: &str,
) -> Result<u64, String> {
    let (sender, receiver) = mpsc::channel::<Piece>(1);
    let (base, artifact) = (base.to_owned(), artifact.to_owned());
    let reading = files.speak(move |conversation| {
        conversation.ask_for((&base, true), &paths)?;
        let mut total_bytes = 0;
        while let Some(frame) = conversation.hear()? {
            let Frame::Entry(entry) = frame else { return Err(out_of_place()) };
            if entry.kind != EntryKind::File {
                continue;
            }
            let item_path = format!("{artifact}/{}", String::from_utf8_lossy(&entry.path));
            let contents = FileContents::new(conversation, &entry);
            send_pieces((item_path, entry.size), contents, &sender)?;
            total_bytes += entry.size;
        }
        Ok(total_bytes)
    });
    // The first piece makes the file, so the others must come after it; whole files come at a time.
    let turns = &RwLock::new(());
    let sending = async {
        let pieces = ReceiverStream::new(receiver).map(|piece| async move {
            let Piece { item_path, first, total, bytes } = piece;
            let is_whole = first == 0 && total == bytes.len() as u64;
            let (_one_of_many, _alone);
            match is_whole {
                true => _one_of_many = turns.read().await,
                false => _alone = turns.write().await,
            }
            client.put_legacy((url, &item_path), (first, total), bytes).await
        });
        pieces.buffered(MOST_BLOCKS).try_collect::<()>().await
    };
    let (read, sent) = tokio::join!(reading, sending);
    sent?;
    read
}

fn send_pieces(
    (item_path, total): (String, u64),
    mut contents: impl Read,
    sender: &mpsc::Sender<Piece>,
) -> Result<(), String> {
    let mut first = 0;
    loop {
        let mut piece = Vec::new();
        let limit = BLOCK_BYTES as u64;
        let read = contents.by_ref().take(limit).read_to_end(&mut piece);
        read.map_err(|error| error.to_string())?;
        let size = piece.len() as u64;
        let piece = Piece { item_path: item_path.clone(), first, total, bytes: piece.into() };
        sender.blocking_send(piece).map_err(|_| "nobody takes the files".to_owned())?;
        first += size;
        if first >= total || size == 0 {
            return Ok(());
        }
    }
}

/// Makes the container, fills it and finishes it. Answers the bytes that were sent.
pub(crate) async fn upload_legacy(
    client: &StoreClient,
    files: &JobFiles,
    (base, paths): (&str, Vec<Vec<u8>>),
    (name, retention_days): (&str, Option<u32>),
) -> Result<u64, String> {
    let place = format!("_apis/pipelines/workflows/{}/artifacts", client.run());
    let mut message = serde_json::json!({ "Type": "actions_storage", "Name": name });
    if let Some(days) = retention_days {
        message["RetentionDays"] = days.into();
    }
    let made = client.legacy(reqwest::Method::POST, &place, &message).await?;
    let url = text_of(&made, "fileContainerResourceUrl")?;
    let size = upload_single_files((client, url), files, (base, paths), name).await?;
    let query: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let finish = format!("{place}?artifactName={query}");
    client.legacy(reqwest::Method::PATCH, &finish, &serde_json::json!({ "Size": size })).await?;
    Ok(size)
}
