//! From the server to the job's files.
//!
//! Invariant: the bytes of a zip file or a cache are used while they come; only what an old client
//! uploaded is on this disk for a moment.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use reqwest::Response;

use super::client::{StoreClient, causes};
use super::connection::JobFiles;
use super::remote_file::RemoteFile;
use super::tar_stream::read_tar;
use super::zip_stream::{read_zip, send};
use crate::shim::{Entry, EntryKind, Frame};

/// An artifact that has been unpacked.
#[derive(Clone, Debug)]
pub(crate) struct Unpacked {
    pub(crate) n_files: usize,
    /// Of the whole zip file, where it has been read from front to back; lower-case hex.
    pub(crate) sha256: Option<String>,
}

/// Unpacks an artifact below `base`; one that is no zip file becomes a file called `name` there. `stage` is
/// a directory of the runner.
pub(crate) async fn unpack_artifact(
    (client, url): (&StoreClient, &str),
    files: &JobFiles,
    (base, name): (&str, &str),
    stage: &Path,
) -> Result<Unpacked, String> {
    let (base, name) = (base.to_owned(), name.to_owned());
    let mut remote = match RemoteFile::open(client, url).await? {
        Ok(remote) => remote,
        Err(response) => {
            let file = spool(response, stage).await?;
            return files
                .speak(move |conversation| {
                    let n_files = read_zip(conversation, file, &base)?;
                    Ok(Unpacked { n_files, sha256: None })
                })
                .await;
        }
    };
    files
        .speak(move |conversation| {
            let n_files = if remote.is_zip() {
                read_zip(conversation, &mut remote, &base)?
            } else {
                conversation.say(&Frame::Unpack { base: base.into_bytes() })?;
                conversation.say(&Frame::Entry(file(&name)))?;
                send(&mut remote, conversation)?;
                conversation.finish_unpacking()?;
                1
            };
            let sha256 = remote.sha256().map_err(|error| error.to_string())?;
            Ok(Unpacked { n_files, sha256 })
        })
        .await
}

fn file(name: &str) -> Entry {
    Entry {
        kind: EntryKind::File,
        path: name.as_bytes().to_vec(),
        target: Vec::new(),
        size: 0,
        modified_at: -1,
        mode: 0,
        owner: None,
    }
}

/// A file without a name that ends with its value.
async fn spool(mut response: Response, stage: &Path) -> Result<File, String> {
    let text = |error: std::io::Error| format!("keeping the artifact for a moment: {error}");
    std::fs::create_dir_all(stage).map_err(text)?;
    let mut file = tempfile::tempfile_in(stage).map_err(text)?;
    while let Some(bytes) = response.chunk().await.map_err(|error| causes(&error))? {
        file.write_all(&bytes).map_err(text)?;
    }
    file.seek(SeekFrom::Start(0)).map_err(text)?;
    Ok(file)
}

/// Unpacks a cache where its paths lead to, from `base` on. Answers its size.
pub(crate) async fn unpack_cache(
    (client, url): (&StoreClient, &str),
    files: &JobFiles,
    base: &str,
) -> Result<u64, String> {
    let base = base.to_owned();
    let remote = RemoteFile::open(client, url).await?;
    let remote = remote.map_err(|_| "the server does not say how large the cache is".to_owned())?;
    let size_bytes = remote.size_bytes();
    files.speak(move |conversation| read_tar(conversation, remote, &base)).await?;
    Ok(size_bytes)
}
