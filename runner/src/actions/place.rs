//! Moving finished files into a workspace that the job may be changing at the same time.
//!
//! Every directory on the way is opened relative to its parent and without following symlinks, so
//! whatever a job puts there, nothing outside its own directory is touched. Invariant: what is
//! replaced is moved out of the job's reach before it is deleted.

use std::ffi::{CString, OsStr};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat, renameat};
use nix::sys::stat::{Mode, mkdirat};

const DIRECTORY: OFlag =
    OFlag::O_DIRECTORY.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC).union(OFlag::O_RDONLY);

/// Where files go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Destination<'a> {
    /// A directory that no job can replace.
    pub(super) root: &'a Path,
    /// Components below it; those that are missing are made.
    pub(super) path: &'a [String],
    /// An empty directory on the same disk, out of the job's reach.
    pub(super) trash: &'a Path,
}

/// Puts the directory `source` at the destination, instead of what is there (`clean`) or merged
/// into it.
pub(super) fn put(source: &Path, to: Destination<'_>, clean: bool) -> io::Result<()> {
    let mut trash = Trash { directory: open(to.trash, DIRECTORY, Mode::empty())?, count: 0 };
    let (last, parents) = to.path.split_last().ok_or(Errno::EINVAL)?;
    let mut parent = open(to.root, DIRECTORY, Mode::empty())?;
    for name in parents {
        parent = trash.enter(&parent, name.as_ref())?;
    }
    let source_parent = source.parent().ok_or(Errno::EINVAL)?;
    let source_name = source.file_name().ok_or(Errno::EINVAL)?;
    let source_parent = open(source_parent, DIRECTORY, Mode::empty())?;
    if clean {
        trash.take(&parent, last.as_ref())?;
        return rename(&source_parent, source_name, &parent, last.as_ref());
    }
    let target = trash.enter(&parent, last.as_ref())?;
    let source = openat(&source_parent, source_name, DIRECTORY, Mode::empty())?;
    merge(source, &target, &mut trash)
}

/// Moves what is at the destination out of the job's reach, if there is anything.
pub(super) fn take(from: Destination<'_>) -> io::Result<()> {
    let mut trash = Trash { directory: open(from.trash, DIRECTORY, Mode::empty())?, count: 0 };
    let (last, parents) = from.path.split_last().ok_or(Errno::EINVAL)?;
    let mut parent = open(from.root, DIRECTORY, Mode::empty())?;
    for name in parents {
        parent = match openat(&parent, name.as_str(), DIRECTORY, Mode::empty()) {
            Ok(parent) => parent,
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
    }
    trash.take(&parent, last.as_ref())
}

/// What has been replaced.
struct Trash {
    directory: OwnedFd,
    count: u32,
}

impl Trash {
    /// Moves an entry here, if there is one.
    fn take(&mut self, parent: &OwnedFd, name: &OsStr) -> io::Result<()> {
        self.count += 1;
        let new_name = self.count.to_string();
        match rename(parent, name, &self.directory, new_name.as_ref()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Opens a directory, after making it, and after removing what is there and is none.
    fn enter(&mut self, parent: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
        // A job that keeps putting something else there ends with the error of the last try.
        for _ in 0..3 {
            match openat(parent, name, DIRECTORY, Mode::empty()) {
                Ok(directory) => return Ok(directory),
                Err(Errno::ENOENT) => {
                    mkdirat(parent, name, Mode::from_bits_truncate(0o755))?;
                }
                Err(Errno::ELOOP | Errno::ENOTDIR) => self.take(parent, name)?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(openat(parent, name, DIRECTORY, Mode::empty())?)
    }
}

fn rename(from: &OwnedFd, name: &OsStr, to: &OwnedFd, new_name: &OsStr) -> io::Result<()> {
    Ok(renameat(from, name, to, new_name)?)
}

/// Moves the entries of `source` into `target`; directories that both have are merged, everything
/// else of `source` replaces what is there. `.git` is replaced as a whole.
fn merge(source: OwnedFd, target: &OwnedFd, trash: &mut Trash) -> io::Result<()> {
    let mut entries: Vec<CString> = Vec::new();
    let mut listing = Dir::from_fd(source.as_fd().try_clone_to_owned()?)?;
    for entry in listing.iter() {
        let name = entry?.file_name().to_owned();
        if name.as_bytes() != b"." && name.as_bytes() != b".." {
            entries.push(name);
        }
    }
    for name in entries {
        let name = OsStr::from_bytes(name.as_bytes());
        let inner = openat(&source, name, DIRECTORY, Mode::empty());
        let existing = openat(target, name, DIRECTORY, Mode::empty());
        match (inner, existing) {
            (Ok(inner), Ok(existing)) if name != ".git" => merge(inner, &existing, trash)?,
            _ => {
                trash.take(target, name)?;
                rename(&source, name, target, name)?;
            }
        }
    }
    Ok(())
}

/// Gives everything below `path` to a user; `path` is out of any job's reach.
pub(super) fn give_to(path: &Path, uid: u32, gid: u32) -> io::Result<()> {
    std::os::unix::fs::lchown(path, Some(uid), Some(gid))?;
    if path.symlink_metadata()?.is_dir() {
        for entry in std::fs::read_dir(path)? {
            give_to(&entry?.path(), uid, gid)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    struct Fixture {
        root: tempfile::TempDir,
    }

    impl Fixture {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            for name in ["work", "stage/new/src", "stage/new/.git", "trash", "outside"] {
                fs::create_dir_all(root.path().join(name)).unwrap();
            }
            fs::write(root.path().join("stage/new/src/a"), "new").unwrap();
            Self { root }
        }

        fn path(&self, name: &str) -> std::path::PathBuf {
            self.root.path().join(name)
        }

        fn put(&self, path: &[&str], clean: bool) -> io::Result<()> {
            let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
            let (root, trash) = (self.path("work"), self.path("trash"));
            let to = Destination { root: &root, path: &path, trash: &trash };
            put(&self.path("stage/new"), to, clean)
        }
    }

    #[test]
    fn a_clean_put_replaces_what_is_there() {
        let f = Fixture::new();
        fs::create_dir_all(f.path("work/r/r/old")).unwrap();
        f.put(&["r", "r"], true).unwrap();
        assert!(!f.path("work/r/r/old").exists());
        assert_eq!(fs::read_to_string(f.path("work/r/r/src/a")).unwrap(), "new");
    }

    #[test]
    fn a_merging_put_keeps_files_it_does_not_have() {
        let f = Fixture::new();
        fs::create_dir_all(f.path("work/r/r/src")).unwrap();
        fs::write(f.path("work/r/r/src/a"), "old").unwrap();
        fs::write(f.path("work/r/r/src/b"), "kept").unwrap();
        f.put(&["r", "r"], false).unwrap();
        assert_eq!(fs::read_to_string(f.path("work/r/r/src/a")).unwrap(), "new");
        assert_eq!(fs::read_to_string(f.path("work/r/r/src/b")).unwrap(), "kept");
    }

    #[test]
    fn symlinks_of_the_job_lead_nowhere() {
        for clean in [true, false] {
            let f = Fixture::new();
            symlink(f.path("outside"), f.path("work/r")).unwrap();
            f.put(&["r", "r"], clean).unwrap();
            assert_eq!(fs::read_dir(f.path("outside")).unwrap().count(), 0);
            assert!(f.path("work/r/r/src/a").exists());

            let f = Fixture::new();
            fs::create_dir_all(f.path("work/r/r")).unwrap();
            symlink(f.path("outside"), f.path("work/r/r/src")).unwrap();
            f.put(&["r", "r"], clean).unwrap();
            assert_eq!(fs::read_dir(f.path("outside")).unwrap().count(), 0);
        }
    }
}
