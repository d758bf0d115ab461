//! Zip files made of the job's files, and files made of zip files.
//!
//! Invariant: no name of an entry leads out of where it is unpacked to, and no entry becomes a link.

use std::io::{self, Read, Seek, Write};

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::connection::{Conversation, FileContents, out_of_place};
use crate::shim::{DATA_BYTES, Entry, EntryKind, Frame};

/// From here on an entry needs the longer form of its sizes; a little less than four gigabytes, because
/// data that cannot be compressed becomes longer.
const LARGE_FILE_BYTES: u64 = 0xf000_0000;

/// As GitHub's clients, which keep no permissions.
const FILE_MODE: u32 = 0o644;

/// Writes the files into a zip file, compressed so much (0 to 9).
pub(super) fn write_zip(
    conversation: &mut Conversation,
    (base, paths): (&str, &[Vec<u8>]),
    compression_level: i64,
    output: impl Write,
) -> Result<(), String> {
    conversation.ask_for((base, true), paths)?;
    let mut zip = ZipWriter::new_stream(output);
    let mut buffer = vec![0; DATA_BYTES];
    while let Some(frame) = conversation.hear()? {
        let Frame::Entry(entry) = frame else { return Err(out_of_place()) };
        if entry.kind != EntryKind::File {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path).into_owned();
        zip.start_file(&name, options(&entry, compression_level)).map_err(failed)?;
        let mut contents = FileContents::new(conversation, &entry);
        copy(&mut contents, &mut zip, &mut buffer).map_err(|error| error.to_string())?;
    }
    zip.finish().map_err(failed)?.into_inner().flush().map_err(|error| error.to_string())
}

fn options(entry: &Entry, compression_level: i64) -> SimpleFileOptions {
    let options = SimpleFileOptions::default()
        .unix_permissions(FILE_MODE)
        .large_file(entry.size >= LARGE_FILE_BYTES);
    let options = match time(entry.modified_at) {
        Some(time) => options.last_modified_time(time),
        None => options,
    };
    match compression_level {
        0 => options.compression_method(CompressionMethod::Stored),
        level => {
            options.compression_method(CompressionMethod::Deflated).compression_level(Some(level))
        }
    }
}

/// Zip files know no time before 1980.
fn time(seconds: i64) -> Option<zip::DateTime> {
    let time: DateTime<Utc> = DateTime::from_timestamp(seconds, 0)?;
    let small = |number: u32| u8::try_from(number).ok();
    zip::DateTime::from_date_and_time(
        u16::try_from(time.year()).ok()?,
        small(time.month())?,
        small(time.day())?,
        small(time.hour())?,
        small(time.minute())?,
        small(time.second())?,
    )
    .ok()
}

fn failed(error: zip::result::ZipError) -> String {
    match error {
        zip::result::ZipError::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn copy(from: &mut impl Read, to: &mut impl Write, buffer: &mut [u8]) -> io::Result<()> {
    loop {
        match from.read(buffer)? {
            0 => return Ok(()),
            n => to.write_all(&buffer[..n])?,
        }
    }
}

/// Unpacks a zip file below `base`. Answers the number of files.
pub(super) fn read_zip(
    conversation: &mut Conversation,
    archive: impl Read + Seek,
    base: &str,
) -> Result<usize, String> {
    let broken = |error| format!("the artifact is no zip file that can be read: {}", failed(error));
    let mut zip = ZipArchive::new(archive).map_err(broken)?;
    // In the order in which they lie there, so that all of it is read once from front to back.
    let mut order = Vec::with_capacity(zip.len());
    for index in 0..zip.len() {
        let file = zip.by_index_raw(index).map_err(broken)?;
        let name = file.name().map_err(broken)?.into_owned();
        order.push((file.header_start(), index, safe_path(&name)?, file.is_dir()));
    }
    order.sort();
    conversation.say(&Frame::Unpack { base: base.as_bytes().to_vec() })?;
    let mut n_files = 0;
    for (_, index, path, is_directory) in order {
        let kind = if is_directory { EntryKind::Directory } else { EntryKind::File };
        let entry = Entry {
            kind,
            path: path.into_bytes(),
            target: Vec::new(),
            size: 0,
            modified_at: -1,
            mode: 0,
            owner: None,
        };
        conversation.say(&Frame::Entry(entry))?;
        if !is_directory {
            let mut file = zip.by_index(index).map_err(broken)?;
            send(&mut file, conversation)?;
            n_files += 1;
        }
    }
    conversation.finish_unpacking()?;
    Ok(n_files)
}

pub(super) fn send(from: &mut impl Read, conversation: &mut Conversation) -> Result<(), String> {
    let mut buffer = vec![0; DATA_BYTES];
    loop {
        match from.read(&mut buffer).map_err(|error| error.to_string())? {
            0 => return Ok(()),
            n => conversation.say_data(&buffer[..n])?,
        }
    }
}

/// The name of an entry as a path below where it is unpacked to.
fn safe_path(name: &str) -> Result<String, String> {
    let leaves = name.starts_with('/')
        || name.contains(['\0', '\\'])
        || name.split('/').any(|part| part == "..");
    let parts: Vec<&str> =
        name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if leaves || parts.is_empty() {
        return Err(format!(
            "the artifact has an entry `{}` that leads out of it; nothing of it was unpacked",
            name.escape_debug()
        ));
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zip_slip_names_are_refused() {
        for name in ["../x", "a/../../x", "/etc/passwd", "a\\..\\x", "..", "", "./", "a\0b"] {
            assert!(safe_path(name).is_err(), "{name}");
        }
        assert_eq!(safe_path("a/./b//c.txt").unwrap(), "a/b/c.txt");
        assert_eq!(safe_path("dir/..x/").unwrap(), "dir/..x");
    }

    #[test]
    fn times_that_a_zip_file_does_not_know_are_left_out() {
        assert_eq!(time(1_700_000_000).unwrap().year(), 2023);
        assert!(time(0).is_none());
        assert!(time(-1).is_none());
    }
}
