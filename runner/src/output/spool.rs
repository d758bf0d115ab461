//! Reading the file that the shim appends a process' output to.
//!
//! The file is in a directory that the job can write to, so it is opened without following a
//! symlink and only if it is a regular file. Invariant: reads go forward only.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

/// An open spool and how far it has been read.
#[derive(Debug)]
pub(crate) struct Spool {
    file: File,
    offset: u64,
}

impl Spool {
    /// The spool of `process` in the shim's directory.
    pub(crate) fn open(directory: &Path, process: &str) -> io::Result<Self> {
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits())
            .open(directory.join(format!("{process}.out")))?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("the spool is not a file any more"));
        }
        Ok(Self { file, offset: 0 })
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Fills `buffer` with what is there, up to `limit` bytes in all; 0 if there is nothing new.
    pub(crate) fn read(&mut self, buffer: &mut [u8], limit: Option<u64>) -> io::Result<usize> {
        let allowed = limit.map_or(u64::MAX, |limit| limit.saturating_sub(self.offset));
        let length = usize::try_from(allowed).unwrap_or(usize::MAX).min(buffer.len());
        let n = self.file.read(&mut buffer[..length])?;
        self.offset += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symlink_in_the_spools_place_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", directory.path().join("1.out")).unwrap();
        assert!(Spool::open(directory.path(), "1").is_err());
    }

    #[test]
    fn a_directory_in_the_spools_place_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("1.out")).unwrap();
        assert!(Spool::open(directory.path(), "1").is_err());
    }

    #[test]
    fn reading_stops_at_the_limit_and_goes_on_later() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("1.out"), "abcdef").unwrap();
        let mut spool = Spool::open(directory.path(), "1").unwrap();
        let mut buffer = [0; 10];
        assert_eq!(spool.read(&mut buffer, Some(4)).unwrap(), 4);
        assert_eq!(spool.read(&mut buffer, Some(4)).unwrap(), 0);
        assert_eq!(spool.read(&mut buffer, None).unwrap(), 2);
        assert_eq!(spool.offset(), 6);
    }
}
