//! The directory of an action as the tar archive that an engine builds an image from.
//!
//! A local action is in the reach of its job, so nothing is opened through a symlink; a symlink goes
//! into the archive as such. Invariant: no file outside of the directory is read.

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat, readlinkat};
use nix::sys::stat::Mode;
use tar::{Builder, EntryType, Header};

/// Largest archive. The step fails at the limit; an action's directory has a few files.
const LARGEST_ARCHIVE_BYTES: usize = 512 * 1024 * 1024;

const DIRECTORY: OFlag =
    OFlag::O_DIRECTORY.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC).union(OFlag::O_RDONLY);
const FILE: OFlag =
    OFlag::O_NOFOLLOW.union(OFlag::O_NONBLOCK).union(OFlag::O_CLOEXEC).union(OFlag::O_RDONLY);

/// Archives `below` of `root`; `root` itself is in nobody's reach.
pub(super) fn archive(root: &Path, below: &[String]) -> io::Result<Vec<u8>> {
    let mut directory = open(root, DIRECTORY, Mode::empty())?;
    for name in below {
        directory = openat(&directory, name.as_str(), DIRECTORY, Mode::empty())?;
    }
    let mut builder = Builder::new(Vec::new());
    append(&mut builder, directory, Path::new(""))?;
    builder.into_inner()
}

fn append(builder: &mut Builder<Vec<u8>>, directory: OwnedFd, path: &Path) -> io::Result<()> {
    for name in names(&directory)? {
        let path = path.join(&name);
        match openat(&directory, name.as_os_str(), FILE, Mode::empty()) {
            Ok(file) => append_opened(builder, file, &path)?,
            Err(Errno::ELOOP) => append_link(builder, &directory, (&name, &path))?,
            // Removed meanwhile, or a socket.
            Err(Errno::ENOENT | Errno::ENXIO) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn names(directory: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut listing = Dir::from_fd(directory.as_fd().try_clone_to_owned()?)?;
    let names: Result<Vec<CString>, Errno> =
        listing.iter().map(|entry| Ok(entry?.file_name().to_owned())).collect();
    let names = names?.into_iter().map(|name| OsStr::from_bytes(name.as_bytes()).to_owned());
    let mut names: Vec<OsString> = names.filter(|name| name != "." && name != "..").collect();
    // The same files give the same archive, which the engine's cache looks at.
    names.sort();
    Ok(names)
}

fn append_opened(builder: &mut Builder<Vec<u8>>, file: OwnedFd, path: &Path) -> io::Result<()> {
    let file = File::from(file);
    let about = file.metadata()?;
    let mut header = Header::new_gnu();
    header.set_mode(about.mode() & 0o7777);
    if about.is_dir() {
        header.set_entry_type(EntryType::Directory);
        header.set_size(0);
        builder.append_data(&mut header, path, io::empty())?;
        return append(builder, file.into(), path);
    }
    if !about.is_file() {
        return Ok(());
    }
    let room = LARGEST_ARCHIVE_BYTES.saturating_sub(builder.get_ref().len());
    let mut contents = Vec::new();
    file.take(room as u64 + 1).read_to_end(&mut contents)?;
    if contents.len() > room {
        return Err(io::Error::other(format!("it has more than {LARGEST_ARCHIVE_BYTES} bytes")));
    }
    header.set_size(contents.len() as u64);
    builder.append_data(&mut header, path, contents.as_slice())
}

fn append_link(
    builder: &mut Builder<Vec<u8>>,
    directory: &OwnedFd,
    (name, path): (&OsStr, &Path),
) -> io::Result<()> {
    let target = PathBuf::from(readlinkat(directory, name)?);
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Symlink);
    header.set_mode(0o777);
    header.set_size(0);
    builder.append_link(&mut header, path, target)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn files_directories_and_symlinks_are_archived_and_nothing_is_followed() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b/sub")).unwrap();
        fs::write(root.path().join("secret"), "outside").unwrap();
        fs::write(root.path().join("a/b/Dockerfile"), "FROM x").unwrap();
        fs::write(root.path().join("a/b/sub/file"), "inside").unwrap();
        symlink("../../secret", root.path().join("a/b/link")).unwrap();
        let bytes = archive(root.path(), &["a".to_owned(), "b".to_owned()]).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut found = BTreeMap::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let path = entry.path().unwrap().display().to_string();
            found.insert(path, (entry.header().entry_type(), text));
        }
        let file = |text: &str| (EntryType::Regular, text.to_owned());
        assert_eq!(found["Dockerfile"], file("FROM x"));
        assert_eq!(found["sub/file"], file("inside"));
        assert_eq!(found["link"], (EntryType::Symlink, String::new()));
        assert_eq!(found.len(), 4, "{found:?}");
    }

    #[test]
    fn a_symlink_on_the_way_is_refused() {
        let root = tempfile::tempdir().unwrap();
        symlink("/etc", root.path().join("a")).unwrap();
        assert!(archive(root.path(), &["a".to_owned()]).is_err());
    }
}
