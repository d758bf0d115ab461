//! Removing a directory that a job has filled.
//!
//! A job may nest directories deeper than a stack of calls, or the files a process may have open,
//! can follow; what lies too deep is moved up first. Invariant: the depth of the calls is bounded,
//! and no symlink is followed.

use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat, renameat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};

const DIRECTORY: OFlag = OFlag::O_DIRECTORY.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

/// Levels that are followed before the rest is moved up.
const MOST_LEVELS: usize = 64;

/// Removes `path` and all below it; nothing happens when it is not there.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    let root = match open(path, DIRECTORY, Mode::empty()) {
        Ok(root) => root,
        Err(Errno::ENOENT) => return Ok(()),
        Err(Errno::ENOTDIR | Errno::ELOOP) => return std::fs::remove_file(path),
        Err(error) => return Err(error.into()),
    };
    let mut remover = Remover { root, n_moved: 0 };
    loop {
        let n_before = remover.n_moved;
        let root = remover.root.try_clone()?;
        remover.empty(&root, 0)?;
        if remover.n_moved == n_before {
            return std::fs::remove_dir(path);
        }
    }
}

struct Remover {
    root: OwnedFd,
    /// Directories that were moved into the root.
    n_moved: u64,
}

impl Remover {
    fn empty(&mut self, directory: &OwnedFd, level: usize) -> io::Result<()> {
        for (name, is_directory) in entries(directory)? {
            let removed = if !is_directory {
                unlinkat(directory, name.as_c_str(), UnlinkatFlags::NoRemoveDir)
            } else if level == MOST_LEVELS {
                self.move_up(directory, &name)
            } else {
                let inner = openat(directory, name.as_c_str(), DIRECTORY, Mode::empty())?;
                self.empty(&inner, level + 1)?;
                unlinkat(directory, name.as_c_str(), UnlinkatFlags::RemoveDir)
            };
            match removed {
                Ok(()) | Err(Errno::ENOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn move_up(&mut self, directory: &OwnedFd, name: &CString) -> nix::Result<()> {
        loop {
            self.n_moved += 1;
            let new_name = format!(".deep-{}", self.n_moved);
            match renameat(directory, name.as_c_str(), &self.root, new_name.as_str()) {
                // The name is taken.
                Err(Errno::EEXIST | Errno::ENOTEMPTY | Errno::ENOTDIR) => {}
                result => return result,
            }
        }
    }
}

/// Names, and whether they are directories.
fn entries(directory: &OwnedFd) -> io::Result<Vec<(CString, bool)>> {
    let mut found = Vec::new();
    // Opened anew: a duplicate would share the place in the listing, which ends after the first.
    let mut listing = Dir::openat(directory, ".", DIRECTORY, Mode::empty())?;
    for entry in listing.iter() {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_bytes() == b"." || name.to_bytes() == b".." {
            continue;
        }
        let is_directory = match entry.file_type() {
            Some(kind) => kind == Type::Directory,
            None => openat(directory, name, DIRECTORY, Mode::empty()).is_ok(),
        };
        found.push((name.to_owned(), is_directory));
    }
    Ok(found)
}
