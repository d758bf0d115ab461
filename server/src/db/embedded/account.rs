//! Which user of the operating system the database runs as.
//!
//! PostgreSQL refuses to run as root; then it runs as somebody without rights.

use std::path::Path;
use std::process::Command;

use nix::unistd::{Gid, Uid, User, chown, geteuid};

use super::error::EmbeddedError;

/// Who runs the database's processes.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// Set when it is not the user who runs this server.
    other: Option<(Uid, Gid)>,
    pub(super) name: String,
    /// The user who runs this server, and who connects.
    pub(super) client: String,
}

impl Account {
    pub(super) fn choose(configured: Option<&str>) -> Result<Self, EmbeddedError> {
        let own = geteuid();
        let client = name_of(own)?;
        if !own.is_root() {
            return Ok(Self { other: None, name: client.clone(), client });
        }
        let candidates = match configured {
            Some(name) => vec![name],
            None => vec!["postgres", "nobody"],
        };
        candidates
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self { other: Some((user.uid, user.gid)), name: user.name, client })
            .ok_or_else(|| EmbeddedError::NoAccount(candidates.join("` or `")))
    }

    /// A command that runs as this account, with an environment of its own.
    pub(super) fn command(&self, program: &Path) -> Command {
        use std::os::unix::process::CommandExt as _;

        let mut command = Command::new(program);
        command.current_dir("/").env_clear().env("LC_ALL", "C.UTF-8").env("PATH", "/usr/bin:/bin");
        if let Some((uid, gid)) = self.other {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        command
    }

    /// Makes the account the owner of `path`.
    pub(super) fn own(&self, path: &Path) -> Result<(), EmbeddedError> {
        let Some((uid, gid)) = self.other else { return Ok(()) };
        chown(path, Some(uid), Some(gid)).map_err(|errno| EmbeddedError::Io {
            doing: format!("giving `{}` to user `{}`", path.display(), self.name),
            source: errno.into(),
        })
    }

    pub(super) fn has_uid(&self, uid: u32) -> bool {
        self.other.is_some_and(|(own, _)| own.as_raw() == uid)
    }

    /// Checks that the account may enter `directory` and everything above it.
    pub(super) fn check_entry(&self, directory: &Path) -> Result<(), EmbeddedError> {
        use std::os::unix::fs::MetadataExt as _;

        let Some((uid, gid)) = self.other else { return Ok(()) };
        for ancestor in directory.ancestors() {
            let Ok(metadata) = ancestor.metadata() else { continue };
            let execute = if metadata.uid() == uid.as_raw() {
                0o100
            } else if metadata.gid() == gid.as_raw() {
                0o010
            } else {
                0o001
            };
            if metadata.mode() & execute == 0 {
                return Err(EmbeddedError::NoEntry {
                    account: self.name.clone(),
                    directory: ancestor.to_owned(),
                });
            }
        }
        Ok(())
    }
}

fn name_of(uid: Uid) -> Result<String, EmbeddedError> {
    User::from_uid(uid)
        .ok()
        .flatten()
        .map(|user| user.name)
        .ok_or_else(|| EmbeddedError::NoAccount(uid.to_string()))
}
