//! Replacing a file's contents as a whole.
//!
//! Not synced to the disk: this is for the death of the runner; a machine that dies takes the
//! containers of jobs with it. No file is cut to nothing before it is written, because file systems
//! then begin to write it out at once. Invariant: at any moment a replaced file holds the old or the
//! new contents.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};

use crate::infra_error::InfraError;

/// Makes `bytes` the contents of `path`, readable by the runner's user only.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), InfraError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push("-new");
    let new = path.with_file_name(name);
    overwrite_file(&new, bytes)?;
    exchange(&new, path).map_err(InfraError::disk("renaming", &new))
}

/// Writes `bytes` over what `path` holds. Nothing may rely on the file while this goes on.
pub(crate) fn overwrite_file(path: &Path, bytes: &[u8]) -> Result<(), InfraError> {
    let write = || {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let former = file.metadata()?.len();
        file.write_all(bytes)?;
        if former > bytes.len() as u64 { file.set_len(bytes.len() as u64) } else { Ok(()) }
    };
    write().map_err(InfraError::disk("writing", path))
}

/// Swaps the two files where both are there: making a file and removing another would cost ten
/// times as much, and this is done at the end of every step.
fn exchange(new: &Path, path: &Path) -> io::Result<()> {
    match renameat2(AT_FDCWD, new, AT_FDCWD, path, RenameFlags::RENAME_EXCHANGE) {
        Ok(()) => Ok(()),
        Err(_) => fs::rename(new, path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_contents_stand_whatever_was_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        for contents in ["first", "a longer second", "3"] {
            replace_file(&path, contents.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), contents);
        }
    }
}
