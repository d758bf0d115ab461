//! Sockets of the runner that a job's processes may reach.
//!
//! Invariant: no link that a job has put somewhere is followed, and a path is never too long to bind.

use std::os::fd::AsRawFd as _;
use std::path::Path;

use nix::fcntl::{OFlag, open};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use tokio::net::UnixListener;

use crate::infra_error::InfraError;

/// Listens at `name` in a directory that nobody but the runner can write; every user may connect.
pub(crate) fn listen(directory: &Path, name: &str) -> Result<UnixListener, InfraError> {
    let bind = || {
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let opened = open(directory, flags, Mode::empty())?;
        // That of the runner before.
        let _ = unlinkat(&opened, name, UnlinkatFlags::NoRemoveDir);
        let path = format!("/proc/self/fd/{}/{name}", opened.as_raw_fd());
        let listener = UnixListener::bind(path)?;
        let everybody = Mode::from_bits_truncate(0o666);
        fchmodat(&opened, name, everybody, FchmodatFlags::FollowSymlink)?;
        Ok(listener)
    };
    bind().map_err(InfraError::disk("making a socket in", directory))
}

/// The same in `shared`, which a job can write: the socket is made in `own` and moved, and a link in its
/// place is replaced.
pub(crate) fn listen_in(own: &Path, shared: &Path, name: &str) -> Result<UnixListener, InfraError> {
    let listener = listen(own, name)?;
    let moved = std::fs::rename(own.join(name), shared.join(name));
    moved.map_err(InfraError::disk("moving a socket to", shared))?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[tokio::test]
    async fn a_link_in_the_place_of_the_socket_is_replaced_and_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (own, shared) = (directory.path().join("own"), directory.path().join("shared"));
        std::fs::create_dir_all(&own).unwrap();
        std::fs::create_dir_all(&shared).unwrap();
        let other = directory.path().join("other");
        std::fs::write(&other, "").unwrap();
        std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&other, shared.join("server")).unwrap();
        for _ in 0..2 {
            let _listener = listen_in(&own, &shared, "server").unwrap();
            tokio::net::UnixStream::connect(shared.join("server")).await.unwrap();
        }
        assert_eq!(std::fs::metadata(&other).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
