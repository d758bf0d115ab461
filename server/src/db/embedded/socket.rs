//! The directory of the database's socket.
//!
//! A unix socket's path may have 107 bytes, so a long data directory gets a short one elsewhere.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::account::Account;
use super::error::EmbeddedError;

/// The port names the socket's file; nothing listens on TCP.
pub(super) const PORT: u16 = 5432;

/// Longest path of a socket on Linux, without the final zero byte.
const MAX_SOCKET_PATH: usize = 107;

/// `<directory>/.s.PGSQL.5432.lock` is the longest name PostgreSQL makes there.
const LONGEST_NAME: &str = "/.s.PGSQL.5432.lock";

/// Creates the directory, readable by nobody but the account, and gives its path.
pub(super) fn prepare(data_dir: &Path, account: &Account) -> Result<PathBuf, EmbeddedError> {
    let directory = choose(data_dir);
    let name = directory.display().to_string();
    match fs::DirBuilder::new().mode(0o700).create(&directory) {
        Ok(()) => account.own(&directory)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            refuse_foreign(&directory, account)?;
        }
        Err(error) => return Err(EmbeddedError::io(format!("creating `{name}`"))(error)),
    }
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700))
        .map_err(EmbeddedError::io(format!("protecting `{name}`")))?;
    // No database of ours runs now; what a dead one left may name a process that is somebody else's.
    for left in ["/.s.PGSQL.5432", LONGEST_NAME] {
        let _ = fs::remove_file(format!("{name}{left}"));
    }
    Ok(directory)
}

fn choose(data_dir: &Path) -> PathBuf {
    let own = data_dir.join("socket");
    if own.as_os_str().len() + LONGEST_NAME.len() <= MAX_SOCKET_PATH {
        return own;
    }
    let digest = hex::encode(Sha256::digest(data_dir.as_os_str().as_bytes()));
    Path::new("/tmp").join(format!("gantry-{}", &digest[..16]))
}

/// Somebody else may have made a directory of this name in `/tmp`.
fn refuse_foreign(directory: &Path, account: &Account) -> Result<(), EmbeddedError> {
    let doing = format!("using `{}`", directory.display());
    let metadata = fs::symlink_metadata(directory).map_err(EmbeddedError::io(doing.clone()))?;
    if !metadata.is_dir() {
        return Err(EmbeddedError::io(doing)(std::io::ErrorKind::NotADirectory.into()));
    }
    if metadata.uid() == nix::unistd::geteuid().as_raw() || account.has_uid(metadata.uid()) {
        return account.own(directory);
    }
    Err(EmbeddedError::io(doing)(std::io::ErrorKind::PermissionDenied.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_data_directory_gets_a_short_socket_directory() {
        let short = Path::new("/var/lib/gantry");
        assert_eq!(choose(short), short.join("socket"));
        let long = PathBuf::from(format!("/{}", "a".repeat(120)));
        assert!(choose(&long).as_os_str().len() + LONGEST_NAME.len() <= MAX_SOCKET_PATH);
        assert_ne!(choose(&long), choose(&long.join("b")));
    }
}
