//! A blob as a file that can be read here and there. Blocks.
//!
//! Invariant: no more of it is read than is asked for, and nothing of it is kept on the disk.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use axum::body::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::ObjectStore;
use tokio::runtime::Handle;

use crate::storage::Contents;

/// For a thread on which blocking is allowed.
pub(super) struct BlobFile {
    contents: Contents,
    storage: Arc<dyn ObjectStore>,
    runtime: Handle,
    position: u64,
    /// What comes from `position` on, after `rest`.
    stream: Option<BoxStream<'static, io::Result<Bytes>>>,
    rest: Bytes,
}

impl BlobFile {
    pub(super) fn new(contents: Contents, storage: Arc<dyn ObjectStore>, runtime: Handle) -> Self {
        Self { contents, storage, runtime, position: 0, stream: None, rest: Bytes::new() }
    }
}

impl Read for BlobFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            if self.position >= self.contents.size_bytes || buffer.is_empty() {
                return Ok(0);
            }
            let stream = self.stream.get_or_insert_with(|| {
                let range = self.position..self.contents.size_bytes;
                self.contents.clone().stream(Arc::clone(&self.storage), Some(range)).boxed()
            });
            match self.runtime.block_on(stream.next()) {
                Some(bytes) => self.rest = bytes?,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let n = self.rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&self.rest.split_to(n));
        self.position += n as u64;
        Ok(n)
    }
}

impl Seek for BlobFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.contents.size_bytes.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let position = position.ok_or(io::ErrorKind::InvalidInput)?;
        let ahead = position.checked_sub(self.position);
        match ahead.and_then(|ahead| usize::try_from(ahead).ok()) {
            Some(ahead) if ahead <= self.rest.len() => drop(self.rest.split_to(ahead)),
            _ => (self.stream, self.rest) = (None, Bytes::new()),
        }
        self.position = position;
        Ok(position)
    }
}
