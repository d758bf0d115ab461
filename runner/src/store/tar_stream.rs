//! Tar files of caches, as GitHub's clients write and read them: paths are relative to the workspace and
//! may lead out of it, as that of `~/.cache` does.
//!
//! Invariant: what was saved comes back as it was, links and permissions included.

use std::io::{self, Read, Write};

use super::connection::{Conversation, FileContents, out_of_place};
use super::zip_stream::send;
use crate::shim::{Entry, EntryKind, Frame};

/// Longest name that stands in a header; a longer one comes in an entry before.
const LONGEST_NAME: usize = 100;

/// Which name the entry with a long name has.
const LONG_NAME: &[u8] = b"././@LongLink";

/// The first bytes of archives that are compressed by zstd, and of those by gzip.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Writes paths, and all that is below them, into an archive that is compressed by zstd.
pub(super) fn write_tar(
    conversation: &mut Conversation,
    (base, paths): (&str, &[Vec<u8>]),
    output: impl Write,
) -> Result<(), String> {
    conversation.ask_for((base, false), paths)?;
    let text = |error: io::Error| error.to_string();
    let compressed = zstd::Encoder::new(output, zstd::DEFAULT_COMPRESSION_LEVEL).map_err(text)?;
    let mut tar = tar::Builder::new(compressed);
    while let Some(frame) = conversation.hear()? {
        let Frame::Entry(entry) = frame else { return Err(out_of_place()) };
        append(&mut tar, conversation, &entry).map_err(text)?;
    }
    let mut output = tar.into_inner().and_then(zstd::Encoder::finish).map_err(text)?;
    output.flush().map_err(text)
}

fn append(
    tar: &mut tar::Builder<impl Write>,
    conversation: &mut Conversation,
    entry: &Entry,
) -> io::Result<()> {
    let mut path = entry.path.clone();
    let kind = match entry.kind {
        EntryKind::File => tar::EntryType::Regular,
        EntryKind::Directory => {
            path.push(b'/');
            tar::EntryType::Directory
        }
        EntryKind::Symlink => tar::EntryType::Symlink,
        EntryKind::Hardlink => tar::EntryType::Link,
    };
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(entry.size);
    header.set_mode(entry.mode);
    header.set_mtime(u64::try_from(entry.modified_at).unwrap_or(0));
    let (uid, gid) = entry.owner.unwrap_or_default();
    header.set_uid(uid.into());
    header.set_gid(gid.into());
    // The header's own way to set a name refuses `..`.
    put_name(tar, &path, (&mut header.as_old_mut().name, b'L'))?;
    put_name(tar, &entry.target, (&mut header.as_old_mut().linkname, b'K'))?;
    header.set_cksum();
    tar.append(&header, FileContents::new(conversation, entry))
}

fn put_name(
    tar: &mut tar::Builder<impl Write>,
    name: &[u8],
    (place, long_kind): (&mut [u8; LONGEST_NAME], u8),
) -> io::Result<()> {
    if name.len() > LONGEST_NAME {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..LONG_NAME.len()].copy_from_slice(LONG_NAME);
        header.set_entry_type(tar::EntryType::new(long_kind));
        header.set_size(name.len() as u64 + 1);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        tar.append(&header, name.chain(&b"\0"[..]))?;
    }
    let n = name.len().min(LONGEST_NAME);
    place[..n].copy_from_slice(&name[..n]);
    Ok(())
}

/// Unpacks an archive where its paths lead to, from `base` on.
pub(super) fn read_tar(
    conversation: &mut Conversation,
    mut archive: impl Read,
    base: &str,
) -> Result<(), String> {
    let text = |error: io::Error| format!("the cache cannot be read: {error}");
    let mut magic = Vec::new();
    archive.by_ref().take(ZSTD.len() as u64).read_to_end(&mut magic).map_err(text)?;
    let whole = io::Cursor::new(magic.clone()).chain(archive);
    conversation.say(&Frame::Unpack { base: base.as_bytes().to_vec() })?;
    if magic == ZSTD {
        unpack(conversation, zstd::Decoder::new(whole).map_err(text)?)?;
    } else if magic.starts_with(&GZIP) {
        unpack(conversation, flate2::read::MultiGzDecoder::new(whole))?;
    } else {
        return Err("the cache is no archive that is compressed by zstd or gzip".to_owned());
    }
    conversation.finish_unpacking()
}

fn unpack(conversation: &mut Conversation, archive: impl Read) -> Result<(), String> {
    let text = |error: io::Error| format!("the cache cannot be read: {error}");
    let mut tar = tar::Archive::new(archive);
    for entry in tar.entries().map_err(text)? {
        let mut entry = entry.map_err(text)?;
        let header = entry.header();
        let kind = match header.entry_type() {
            tar::EntryType::Regular | tar::EntryType::Continuous => EntryKind::File,
            tar::EntryType::Directory => EntryKind::Directory,
            tar::EntryType::Symlink => EntryKind::Symlink,
            tar::EntryType::Link => EntryKind::Hardlink,
            _ => continue,
        };
        let number = |number: io::Result<u64>| number.ok().and_then(|it| u32::try_from(it).ok());
        let owner = number(header.uid()).zip(number(header.gid()));
        let modified_at = header.mtime().ok().and_then(|time| i64::try_from(time).ok());
        let found = Entry {
            kind,
            path: entry.path_bytes().into_owned(),
            target: entry.link_name_bytes().unwrap_or_default().into_owned(),
            size: 0,
            modified_at: modified_at.unwrap_or(-1),
            mode: header.mode().map_or(0, |mode| mode & 0o7777),
            owner,
        };
        conversation.say(&Frame::Entry(found))?;
        if kind == EntryKind::File {
            send(&mut entry, conversation)?;
        }
    }
    Ok(())
}
