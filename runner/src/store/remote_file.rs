//! A blob of the store as a file that can be read here and there, a part at a time.
//!
//! Blocks, so it is read on a thread of its own. Invariant: bytes that are read one after the other come by
//! one request, however long it takes, and by another one when that breaks off.

use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use reqwest::Response;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use super::client::{StoreClient, StoreError, causes};

/// So many bytes are rather read and thrown away than asked for anew.
const SHORT_SKIP_BYTES: u64 = 256 * 1024;

/// Connections that broke off, without a byte between them.
const MOST_FAILURES: u32 = 3;

/// Content types of artifacts that are unpacked (`protocols` 0.6).
const ZIP_TYPES: [&str; 3] =
    ["application/zip", "application/x-zip-compressed", "application/zip-compressed"];

/// Bytes behind a signed link.
pub(crate) struct RemoteFile {
    client: StoreClient,
    url: String,
    runtime: Handle,
    size: u64,
    is_zip: bool,
    /// Where the next byte is read.
    position: u64,
    response: Option<Response>,
    /// What has come and was not read; it begins at `buffered_at`.
    buffer: Bytes,
    buffered_at: u64,
    failures: u32,
    digest: Sha256,
    /// As far as all bytes from the first one on went into the digest.
    digested: u64,
}

impl std::fmt::Debug for RemoteFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteFile").field("size", &self.size).finish_non_exhaustive()
    }
}

impl RemoteFile {
    /// Asks how long it is. An artifact of an old client has no length: it becomes a zip file while it is
    /// read. Such a one comes as what has been asked for.
    pub(crate) async fn open(
        client: &StoreClient,
        url: &str,
    ) -> Result<Result<Self, Response>, StoreError> {
        let response = client.send(|| client.http.get(url)).await?;
        let length = response.headers().get("content-length");
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let Some(size) = length else { return Ok(Err(response)) };
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let is_zip = kind.is_some_and(|kind| ZIP_TYPES.contains(&kind));
        Ok(Ok(Self {
            is_zip,
            client: client.clone(),
            url: url.to_owned(),
            runtime: Handle::current(),
            size,
            position: 0,
            response: Some(response),
            buffer: Bytes::new(),
            buffered_at: 0,
            failures: 0,
            digest: Sha256::new(),
            digested: 0,
        }))
    }

    pub(crate) fn is_zip(&self) -> bool {
        self.is_zip
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        self.size
    }

    /// The digest of all bytes in lower-case hex, reading those that have not been read; `None` if they
    /// were not read one after the other.
    pub(crate) fn sha256(mut self) -> io::Result<Option<String>> {
        if self.digested < self.size {
            self.position = self.digested;
            io::copy(&mut self, &mut io::sink())?;
        }
        let whole = self.digested == self.size;
        Ok(whole.then(|| hex::encode(self.digest.finalize())))
    }

    /// Makes the buffer begin with the byte at `position`.
    fn fill(&mut self) -> io::Result<()> {
        loop {
            let buffered = self.buffer.len() as u64;
            let ahead = self.position.checked_sub(self.buffered_at);
            if let Some(skipped) = ahead.filter(|skipped| *skipped < buffered) {
                self.buffer.advance(usize::try_from(skipped).unwrap_or(usize::MAX));
                self.buffered_at = self.position;
                return Ok(());
            }
            let skip = ahead.map(|ahead| ahead - buffered);
            if skip.is_none_or(|skip| skip > SHORT_SKIP_BYTES) {
                self.response = None;
            }
            match self.response.take() {
                Some(response) => self.receive(response)?,
                None => self.ask()?,
            }
        }
    }

    fn ask(&mut self) -> io::Result<()> {
        let range = format!("bytes={}-", self.position);
        let (client, url) = (&self.client, &self.url);
        let asked = client.send(|| client.http.get(url).header("range", &range));
        let response = self.runtime.block_on(asked).map_err(io::Error::other)?;
        if response.status().as_u16() != 206 && self.position > 0 {
            return Err(io::Error::other("the server does not give parts of the download"));
        }
        (self.buffer, self.buffered_at) = (Bytes::new(), self.position);
        self.response = Some(response);
        Ok(())
    }

    fn receive(&mut self, mut response: Response) -> io::Result<()> {
        let end = self.buffered_at + self.buffer.len() as u64;
        let problem = match self.runtime.block_on(response.chunk()) {
            Ok(Some(bytes)) => {
                self.digest_next(end, &bytes);
                (self.buffer, self.buffered_at) = (bytes, end);
                self.response = Some(response);
                self.failures = 0;
                return Ok(());
            }
            Ok(None) => "the connection ended before its time".to_owned(),
            Err(error) => causes(&error),
        };
        (self.buffer, self.buffered_at) = (Bytes::new(), end);
        self.failures += 1;
        if self.failures > MOST_FAILURES {
            return Err(io::Error::other(problem));
        }
        std::thread::sleep(Duration::from_secs(self.failures.into()));
        Ok(())
    }

    fn digest_next(&mut self, start: u64, bytes: &[u8]) {
        let known = self.digested.checked_sub(start).and_then(|known| usize::try_from(known).ok());
        if let Some(new) = known.and_then(|known| bytes.get(known..)) {
            self.digest.update(new);
            self.digested += new.len() as u64;
        }
    }
}

impl Read for RemoteFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        self.fill()?;
        let n = self.buffer.len().min(buffer.len());
        buffer[..n].copy_from_slice(&self.buffer[..n]);
        self.position += n as u64;
        Ok(n)
    }
}

impl Seek for RemoteFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
