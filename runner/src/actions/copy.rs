//! Downloaded actions on their way into a job, and what the runner itself reads of them.
//!
//! Whoever writes an action decides what symlinks are in it, and one ref may be a directory within
//! another (`v1` and `v1/x`). Invariant: nothing outside of the action is written or read through
//! such a symlink. Neither side is in the reach of a running job, so nothing changes meanwhile.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path};

/// Copies directories, files with their modes, and symlinks as such to `below` of `root`.
pub(super) fn copy_tree(from: &Path, root: &Path, below: &Path) -> io::Result<()> {
    let mut to = root.to_owned();
    for component in below.components() {
        let Component::Normal(name) = component else {
            return Err(io::Error::other("the name leads out of the directory of actions"));
        };
        to.push(name);
        make_directory(&to)?;
    }
    copy_entries(from, &to)
}

fn copy_entries(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            make_directory(&target)?;
            copy_entries(&source, &target)?;
            continue;
        }
        match fs::remove_file(&target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
        } else {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

/// Makes one directory unless it is there; a symlink to one does not count.
fn make_directory(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if path.symlink_metadata()?.is_dir() { Ok(()) } else { Err(error) }
        }
        result => result,
    }
}

/// The text of a file of an action; `None` if there is none, or none that is the action's own.
pub(super) fn read_own_file(action: &Path, file: &Path, max_bytes: u64) -> Option<String> {
    let file = file.canonicalize().ok()?;
    if !file.starts_with(action.canonicalize().ok()?) || !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(file).ok()?.take(max_bytes).read_to_string(&mut text).ok()?;
    Some(text)
}
