//! `gantry-shim --files PORT`: the job's files for the runner, which may not be able to read them itself.
//!
//! A process of the job like any other, with the rights of its user, so it can do nothing that a step
//! could not. Does not know archives, patterns or servers. Invariant: nothing is written through a
//! symlink that came with the same entries.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use crate::file_wire::{DATA_BYTES, Entry, EntryKind, Frame, TOKEN_VARIABLE, write_data};

/// Directories within directories that are looked into; a link may make a circle.
const MOST_LEVELS: usize = 512;

const PERMISSIONS: u32 = 0o7777;

/// `O_NONBLOCK`: a pipe in the place of a file must not be waited for.
const O_NONBLOCK: i32 = 0o4000;

/// Serves the runner until it ends the connection.
pub fn serve(port: &str) -> io::Result<()> {
    let port: u16 = port.parse().map_err(io::Error::other)?;
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(DATA_BYTES, stream.try_clone()?);
    let mut writer = BufWriter::with_capacity(DATA_BYTES, stream);
    let token = std::env::var_os(TOKEN_VARIABLE).unwrap_or_default();
    Frame::Hello(token.into_vec()).write(&mut writer)?;
    writer.flush()?;
    while let Some(frame) = Frame::read(&mut reader)? {
        let done = match frame {
            Frame::List { root, with_hidden } => list(&path(&root), with_hidden, &mut writer),
            Frame::Look(place) => look(&path(&place), &mut writer),
            Frame::Pack { base, follow } => {
                let paths = read_paths(&mut reader)?;
                pack(&path(&base), (&paths, follow), &mut writer)
            }
            Frame::Unpack { base } => unpack(&path(&base), &mut reader)?,
            _ => return Err(io::Error::other("a frame out of place")),
        };
        match done {
            Ok(()) => Frame::End.write(&mut writer)?,
            Err(message) => Frame::Failed(message).write(&mut writer)?,
        }
        writer.flush()?;
    }
    Ok(())
}

fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

fn failed(what: &str, path: &Path) -> impl FnOnce(io::Error) -> String {
    let place = path.display().to_string();
    move |error| format!("{what} `{place}`: {}", words(&error))
}

/// The kernel's words without Rust's `(os error 2)`.
fn words(error: &io::Error) -> String {
    error.to_string().split(" (os error").next().unwrap_or_default().to_owned()
}

fn read_paths(reader: &mut impl Read) -> io::Result<Vec<Vec<u8>>> {
    let mut paths = Vec::new();
    loop {
        match Frame::read(reader)? {
            Some(Frame::Path(path)) => paths.push(path),
            Some(Frame::End) => return Ok(paths),
            _ => return Err(io::Error::other("a frame out of place")),
        }
    }
}

fn entry(path: Vec<u8>, about: &Metadata) -> Option<Entry> {
    let kind = match about.file_type() {
        kind if kind.is_file() => EntryKind::File,
        kind if kind.is_dir() => EntryKind::Directory,
        kind if kind.is_symlink() => EntryKind::Symlink,
        // Pipes, sockets and devices mean nothing elsewhere.
        _ => return None,
    };
    let size = if kind == EntryKind::File { about.len() } else { 0 };
    Some(Entry {
        kind,
        path,
        target: Vec::new(),
        size,
        modified_at: about.mtime(),
        mode: about.mode() & PERMISSIONS,
        owner: Some((about.uid(), about.gid())),
    })
}

/// Names in a directory, sorted.
fn names(directory: &Path) -> io::Result<Vec<Vec<u8>>> {
    let names = fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name().into_vec()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn joined(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() { name.to_vec() } else { [directory, b"/", name].concat() }
}

fn look(place: &Path, writer: &mut impl Write) -> Result<(), String> {
    let about = fs::symlink_metadata(place).ok();
    about.and_then(|about| entry(Vec::new(), &about)).map_or(Ok(()), |found| send(found, writer))
}

/// Links are what they lead to, and one that leads nowhere is passed over.
fn list(root: &Path, with_hidden: bool, writer: &mut impl Write) -> Result<(), String> {
    let mut around = Vec::new();
    list_below(root, (&[], with_hidden), &mut around, writer)
}

fn list_below(
    root: &Path,
    (below, with_hidden): (&[u8], bool),
    around: &mut Vec<(u64, u64)>,
    writer: &mut impl Write,
) -> Result<(), String> {
    // Nothing joined to a file would be something within it.
    let place = if below.is_empty() { root.to_owned() } else { root.join(path(below)) };
    let Ok(about) = fs::metadata(&place) else { return Ok(()) };
    let Some(found) = entry(below.to_vec(), &about) else { return Ok(()) };
    let is_directory = found.kind == EntryKind::Directory;
    Frame::Entry(found).write(writer).map_err(|error| words(&error))?;
    let identity = (about.dev(), about.ino());
    if !is_directory || around.contains(&identity) {
        return Ok(());
    }
    if around.len() >= MOST_LEVELS {
        return Err(format!("directories are nested deeper than {MOST_LEVELS} levels"));
    }
    around.push(identity);
    for name in names(&place).map_err(failed("listing", &place))? {
        if with_hidden || !name.starts_with(b".") {
            list_below(root, (&joined(below, &name), with_hidden), around, writer)?;
        }
    }
    around.pop();
    Ok(())
}

fn pack(
    base: &Path,
    (paths, follow): (&[Vec<u8>], bool),
    writer: &mut impl Write,
) -> Result<(), String> {
    let mut pending: Vec<Vec<u8>> = paths.iter().rev().cloned().collect();
    while let Some(next) = pending.pop() {
        let place = base.join(path(&next));
        let about = if follow { fs::metadata(&place) } else { fs::symlink_metadata(&place) };
        let about = about.map_err(failed("reading", &place))?;
        let Some(mut found) = entry(next.clone(), &about) else { continue };
        match found.kind {
            EntryKind::File => pack_file(&place, found, writer)?,
            EntryKind::Directory => {
                send(found, writer)?;
                if !follow {
                    let names = names(&place).map_err(failed("listing", &place))?;
                    pending.extend(names.iter().rev().map(|name| joined(&next, name)));
                }
            }
            EntryKind::Symlink | EntryKind::Hardlink => {
                let target = fs::read_link(&place).map_err(failed("reading", &place))?;
                found.target = target.into_os_string().into_vec();
                send(found, writer)?;
            }
        }
    }
    Ok(())
}

fn send(entry: Entry, writer: &mut impl Write) -> Result<(), String> {
    Frame::Entry(entry).write(writer).map_err(|error| words(&error))
}

/// Exactly as many bytes as were announced, also of a file that grows or shrinks meanwhile.
fn pack_file(place: &Path, mut found: Entry, writer: &mut impl Write) -> Result<(), String> {
    let opened = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(place);
    let mut file = opened.map_err(failed("reading", place))?;
    found.size = file.metadata().map_err(failed("reading", place))?.len();
    let mut rest = found.size;
    send(found, writer)?;
    let mut buffer = vec![0; DATA_BYTES];
    while rest > 0 {
        let wanted = usize::try_from(rest).map_or(DATA_BYTES, |rest| rest.min(DATA_BYTES));
        let mut n = file.read(&mut buffer[..wanted]).map_err(failed("reading", place))?;
        if n == 0 {
            buffer[..wanted].fill(0);
            n = wanted;
        }
        write_data(writer, &buffer[..n]).map_err(|error| words(&error))?;
        rest -= n as u64;
    }
    Ok(())
}

/// Reads all entries also after a failure, or the other side would wait for a reader forever.
fn unpack(base: &Path, reader: &mut impl Read) -> io::Result<Result<(), String>> {
    let mut unpacking = Unpacking { base, links: Vec::new(), directories: Vec::new() };
    let mut state = fs::create_dir_all(base).map_err(failed("making", base));
    let mut open: Option<OpenFile> = None;
    loop {
        let Some(frame) = Frame::read(reader)? else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        match frame {
            Frame::End => break,
            _ if state.is_err() => {}
            Frame::Entry(entry) => {
                state = open.take().map_or(Ok(()), OpenFile::close);
                if state.is_ok() {
                    match unpacking.add(entry) {
                        Ok(file) => open = file,
                        Err(message) => state = Err(message),
                    }
                }
            }
            Frame::Data(bytes) => match &mut open {
                Some(file) => state = file.write(&bytes),
                None => return Err(io::Error::other("data without a file")),
            },
            _ => return Err(io::Error::other("a frame out of place")),
        }
    }
    Ok(state.and_then(|()| open.map_or(Ok(()), OpenFile::close)).and_then(|()| unpacking.finish()))
}

/// A file that is being written.
struct OpenFile {
    file: File,
    place: PathBuf,
    entry: Entry,
}

impl OpenFile {
    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.file.write_all(bytes).map_err(failed("writing", &self.place))
    }

    fn close(self) -> Result<(), String> {
        let Self { file, place, entry } = self;
        let done = || {
            if let (Some((uid, gid)), true) = (entry.owner, is_root()) {
                lchown(&place, Some(uid), Some(gid))?;
            }
            if entry.mode != 0 {
                file.set_permissions(fs::Permissions::from_mode(entry.mode))?;
            }
            if let Ok(seconds) = u64::try_from(entry.modified_at) {
                file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds))?;
            }
            Ok(())
        };
        done().map_err(failed("writing", &place))
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0)
}

/// Links are made after everything else, so that nothing goes through one of them.
struct Unpacking<'a> {
    base: &'a Path,
    links: Vec<Entry>,
    directories: Vec<Entry>,
}

impl Unpacking<'_> {
    /// A file to write into, if the entry is one.
    fn add(&mut self, entry: Entry) -> Result<Option<OpenFile>, String> {
        let place = self.base.join(path(&entry.path));
        match entry.kind {
            EntryKind::Directory => {
                fs::create_dir_all(&place).map_err(failed("making", &place))?;
                self.directories.push(entry);
            }
            EntryKind::Symlink | EntryKind::Hardlink => self.links.push(entry),
            EntryKind::File => {
                make_room(&place)?;
                let opened = OpenOptions::new().write(true).create_new(true).open(&place);
                let file = opened.map_err(failed("writing", &place))?;
                return Ok(Some(OpenFile { file, place, entry }));
            }
        }
        Ok(None)
    }

    fn finish(self) -> Result<(), String> {
        // A hard link may be one to a symlink, whose place only a symlink can take.
        let (hard, soft): (Vec<_>, Vec<_>) =
            self.links.iter().partition(|link| link.kind == EntryKind::Hardlink);
        for link in hard {
            let place = self.base.join(path(&link.path));
            make_room(&place)?;
            let target = self.base.join(path(&link.target));
            fs::hard_link(target, &place).map_err(failed("linking", &place))?;
        }
        for link in soft {
            let place = self.base.join(path(&link.path));
            make_room(&place)?;
            symlink(path(&link.target), &place).map_err(failed("linking", &place))?;
        }
        // The inner ones first: the outer ones may forbid it afterwards.
        for directory in self.directories.iter().rev().filter(|entry| entry.mode != 0) {
            let place = self.base.join(path(&directory.path));
            if let (Some((uid, gid)), true) = (directory.owner, is_root()) {
                lchown(&place, Some(uid), Some(gid)).map_err(failed("writing", &place))?;
            }
            // Of a directory that is not the user's own, as `/tmp`, it stays as it is.
            let _ = fs::set_permissions(&place, fs::Permissions::from_mode(directory.mode));
        }
        Ok(())
    }
}

/// What is there is replaced, unless it is a directory; a symlink is never written through.
fn make_room(place: &Path) -> Result<(), String> {
    if let Some(around) = place.parent() {
        fs::create_dir_all(around).map_err(failed("making", around))?;
    }
    match fs::remove_file(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed("replacing", place)(error))
        }
        _ => Ok(()),
    }
}
