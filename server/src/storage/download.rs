//! Reading a blob, whole or in part, as a stream.
//!
//! Invariant: a block that is read whole is compared with what was uploaded; one that differs ends the
//! stream with an error, never with the wrong bytes and a good end.

use std::io::{self, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use aws_lc_rs::digest;
use axum::body::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{GetOptions, GetResultPayload, ObjectStore};
use sqlx::PgConnection;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::error::StorageError;
use super::rows::BlobId;

/// Bytes that are read from a file at once.
const READ_BYTES: usize = 512 * 1024;

/// What a committed blob is made of.
#[derive(Clone, Debug)]
pub struct Contents {
    pub size_bytes: u64,
    blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
struct Block {
    object_key: String,
    bytes: Range<u64>,
    digest: Vec<u8>,
}

/// The blocks of a committed blob; also of one that was discarded since and is not swept yet, so that
/// who was told of it can read it.
pub async fn contents(db: &mut PgConnection, blob: BlobId) -> Result<Contents, StorageError> {
    let can_be_read = sqlx::query_scalar!(
        r#"select exists(
             select
             from blobs
             where id = $1
               and (state = 'committed'
                    or (state = 'discarded'
                        and not exists (
                            select from blob_blocks where blob_id = $1 and first_byte is null
                        )))
         ) as "exists!""#,
        blob.0,
    )
    .fetch_one(&mut *db)
    .await?;
    if !can_be_read {
        return Err(StorageError::NotFound);
    }
    let rows = sqlx::query!(
        r#"select object_key, size_bytes, digest, first_byte as "first_byte!"
         from blob_blocks
         where blob_id = $1
         order by first_byte, size_bytes"#,
        blob.0,
    )
    .fetch_all(db)
    .await?;
    let blocks = rows.into_iter().map(|row| {
        let first = u64::try_from(row.first_byte)?;
        let bytes = first..first + u64::try_from(row.size_bytes)?;
        Ok(Block { object_key: row.object_key, bytes, digest: row.digest })
    });
    let blocks: Vec<_> = blocks.collect::<anyhow::Result<_>>()?;
    let size_bytes = blocks.last().map_or(0, |block| block.bytes.end);
    Ok(Contents { size_bytes, blocks })
}

impl Contents {
    /// The bytes of `range`, or all.
    pub fn stream(
        self,
        storage: Arc<dyn ObjectStore>,
        range: Option<Range<u64>>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let range = range.unwrap_or(0..self.size_bytes);
        let wanted = self.blocks.into_iter().filter_map(move |block| {
            let part = block.bytes.start.max(range.start)..block.bytes.end.min(range.end);
            let shift = block.bytes.start;
            (part.start < part.end).then(|| (block, part.start - shift..part.end - shift))
        });
        stream::iter(wanted)
            .then(move |(block, part)| read_block(Arc::clone(&storage), block, part))
            .try_flatten()
    }
}

async fn read_block(
    storage: Arc<dyn ObjectStore>,
    block: Block,
    part: Range<u64>,
) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
    let options = GetOptions { range: Some(part.clone().into()), ..GetOptions::default() };
    let path = Path::from(block.object_key.as_str());
    let result = storage.get_opts(&path, options).await.map_err(io::Error::other)?;
    let size = part.end - part.start;
    let bytes = match result.payload {
        GetResultPayload::File(file, _) => {
            let mut file = tokio::fs::File::from_std(file);
            file.set_max_buf_size(READ_BYTES);
            file.seek(SeekFrom::Start(part.start)).await?;
            ReaderStream::with_capacity(file.take(size), READ_BYTES).boxed()
        }
        GetResultPayload::Stream(stream) => stream.map_err(io::Error::other).boxed(),
    };
    let is_whole = size == block.bytes.end - block.bytes.start;
    Ok(if is_whole { verified(bytes, block.digest).boxed() } else { bytes })
}

/// The same bytes, with an error before the last of them when they are not those that were stored: a
/// client that has all bytes it was promised takes them for good.
fn verified(
    bytes: BoxStream<'static, io::Result<Bytes>>,
    expected: Vec<u8>,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let hash = digest::Context::new(&digest::SHA256);
    let state = Some((bytes, None::<Bytes>, hash, expected));
    stream::try_unfold(state, async |state| {
        let Some((mut bytes, mut held, mut hash, expected)) = state else { return Ok(None) };
        while let Some(piece) = bytes.try_next().await? {
            hash.update(&piece);
            if let Some(piece) = held.replace(piece) {
                return Ok(Some((piece, Some((bytes, held, hash, expected)))));
            }
        }
        if hash.finish().as_ref() != expected {
            let kind = io::ErrorKind::InvalidData;
            return Err(io::Error::new(kind, "an object of the store is not what was written"));
        }
        Ok(held.map(|piece| (piece, None)))
    })
}
