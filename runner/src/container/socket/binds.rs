//! Directories of the job in containers that it makes.
//!
//! Invariant: what is mounted is below the job's own directory, or what the operator allows, and is never
//! what a symlink leads to ([`super::start`] looks while the job stands still).

use std::io;
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat};
use nix::sys::stat::{Mode, SFlag, fstatat, mkdirat};
use nix::unistd::{Gid, Uid, fchown};

use super::refusal::Refusal;
use crate::container::real_directory;

/// Where the engine's socket is for a job, and for what it starts.
pub(super) const SOCKETS: [&str; 2] = ["/var/run/docker.sock", "/run/docker.sock"];

/// What may be mounted.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Seen as `/__w`.
    pub(crate) work: PathBuf,
    /// Seen as `/__t`.
    pub(crate) tools: PathBuf,
    /// Seen as `/github/home`; below `work`.
    pub(crate) home: PathBuf,
    /// Seen as `/github/workflow`; below `work`.
    pub(crate) workflow: PathBuf,
    /// The job's way to the engine, in a directory that it does not see.
    pub(crate) socket: PathBuf,
    /// Names of volumes and paths of directories that the operator allows to every workflow.
    pub(crate) allowed: Vec<String>,
    /// Owner of directories that are made because they are missing.
    pub(crate) user: (u32, u32),
}

/// What stands before the first colon of a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Volume(String),
    Path(PathBuf),
}

impl Places {
    /// What a source of a mount is on this machine.
    pub(super) fn source(&self, text: &str) -> Result<Source, Refusal> {
        if !text.starts_with('/') {
            return Ok(Source::Volume(text.to_owned()));
        }
        if SOCKETS.contains(&text) {
            return Ok(Source::Path(self.socket.clone()));
        }
        let path = Path::new(text);
        let is_plain = path.components().skip(1).all(|part| matches!(part, Component::Normal(_)));
        let places = [
            ("/__w", &self.work),
            ("/__t", &self.tools),
            ("/github/home", &self.home),
            ("/github/workflow", &self.workflow),
        ];
        let found = places.iter().find_map(|(inside, place)| {
            path.strip_prefix(inside).ok().map(|below| place.join(below))
        });
        match found {
            Some(path) if is_plain => Ok(Source::Path(path)),
            _ if is_plain && self.is_allowed(path) => {
                real_directory(path, &self.allowed).map(Source::Path).map_err(Refusal::forbidden)
            }
            _ => Err(Refusal::forbidden(format!(
                "`{text}` cannot be mounted: only what is below the job's own directories can (as \
                 $GITHUB_WORKSPACE), and what the runner's operator allows with --volume"
            ))),
        }
    }

    fn is_allowed(&self, path: &Path) -> bool {
        self.allowed.iter().any(|root| root.starts_with('/') && path.starts_with(root))
    }

    /// Whether the job's processes could put something else in this path's place.
    pub(super) fn is_of_job(&self, path: &Path) -> bool {
        path.starts_with(&self.work) || path.starts_with(&self.tools)
    }

    /// Looks at a source of a mount while nobody can change it; makes what is missing.
    pub(super) fn check(&self, path: &Path) -> io::Result<()> {
        let root = [&self.work, &self.tools].into_iter().find(|root| path.starts_with(root));
        let Some(root) = root else {
            let is_known = path == self.socket
                || self.allowed.iter().any(|root| {
                    let root = Path::new(root).canonicalize();
                    root.is_ok_and(|root| path.starts_with(root))
                });
            let error = || io::Error::other("it is not one of the job's directories");
            return is_known.then_some(()).ok_or_else(error);
        };
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mut directory = open(root, flags, Mode::empty())?;
        let below = path.strip_prefix(root).map_err(io::Error::other)?;
        for part in below.components() {
            let name = part.as_os_str();
            directory = match fstatat(&directory, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
                Err(Errno::ENOENT) => self.make(&directory, name)?,
                Err(error) => return Err(error.into()),
                Ok(found) => match SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT {
                    SFlag::S_IFDIR => openat(&directory, name, flags, Mode::empty())?,
                    // The last part may be a file; whatever comes after one is an error of the engine.
                    SFlag::S_IFREG => return Ok(()),
                    SFlag::S_IFLNK => return Err(io::Error::other("it is a symlink")),
                    _ => return Err(io::Error::other("it is neither a directory nor a file")),
                },
            };
        }
        Ok(())
    }

    fn make(
        &self,
        directory: &std::os::fd::OwnedFd,
        name: &std::ffi::OsStr,
    ) -> io::Result<std::os::fd::OwnedFd> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        mkdirat(directory, name, Mode::from_bits_truncate(0o755))?;
        let made = openat(directory, name, flags, Mode::empty())?;
        let (user, group) = self.user;
        // A runner that is not root makes it as itself.
        let _ = fchown(&made, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)));
        Ok(made)
    }
}

/// Reads `source:target[:mode]`; the target alone is an anonymous volume.
pub(super) fn split_bind(text: &str) -> Result<Option<(&str, &str, &str)>, Refusal> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, mode) = match parts.as_slice() {
        [_] => return Ok(None),
        [source, target] => (*source, *target, "rw"),
        [source, target, mode] => (*source, *target, *mode),
        _ => return Err(Refusal::bad(format!("`{text}` has too many parts for a mount"))),
    };
    let known = ["", "rw", "ro", "z", "Z", "nocopy", "cached", "delegated", "consistent"];
    match mode.split(',').find(|option| !known.contains(option)) {
        Some(option) => {
            Err(Refusal::forbidden(format!("option `{option}` of `{text}` is not allowed")))
        }
        None => Ok(Some((source, target, mode))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn places(root: &Path) -> Places {
        Places {
            work: root.join("work"),
            tools: root.join("tools"),
            home: root.join("work/_temp/_github_home"),
            workflow: root.join("work/_temp/_github_workflow"),
            socket: root.join("engine/docker.sock"),
            allowed: vec![],
            user: (0, 0),
        }
    }

    #[test]
    fn only_the_jobs_own_directories_are_sources() {
        let places = places(Path::new("/jobs/7"));
        let source = |text: &str| places.source(text);
        let path = |text: &str| Ok(Source::Path(text.into()));
        assert_eq!(source("/__w/app/app"), path("/jobs/7/work/app/app"));
        assert_eq!(source("/github/home/x"), path("/jobs/7/work/_temp/_github_home/x"));
        assert_eq!(source("/var/run/docker.sock"), path("/jobs/7/engine/docker.sock"));
        assert_eq!(source("data"), Ok(Source::Volume("data".to_owned())));
        for text in [
            "/",
            "/etc",
            "/__w/../etc",
            "/__workers",
            "/jobs/7/work",
            "/var/run",
            "/proc/1/root",
            "/gantry",
        ] {
            assert!(source(text).unwrap_err().message().contains(text), "{text}");
        }
    }

    #[test]
    fn a_symlink_on_the_way_is_refused_and_what_is_missing_is_made() {
        let root = tempfile::tempdir().unwrap();
        let places = places(root.path());
        std::fs::create_dir_all(places.work.join("app")).unwrap();
        symlink("/etc", places.work.join("link")).unwrap();
        std::fs::write(places.work.join("app/file"), "").unwrap();
        assert!(places.check(&places.work.join("app/file")).is_ok());
        assert!(places.check(&places.work.join("app/new/inner")).is_ok());
        assert!(places.work.join("app/new/inner").is_dir());
        for bad in ["link", "link/ssl"] {
            let error = places.check(&places.work.join(bad)).unwrap_err();
            assert_eq!(error.to_string(), "it is a symlink", "{bad}");
        }
        assert!(places.check(Path::new("/etc")).is_err());
    }

    #[test]
    fn options_of_mounts_are_known_ones() {
        assert_eq!(split_bind("a:/b"), Ok(Some(("a", "/b", "rw"))));
        assert_eq!(split_bind("/b"), Ok(None));
        assert!(split_bind("a:/b:rshared").is_err());
        assert!(split_bind("a:/b:ro:x").is_err());
    }
}
