//! The key of a checkout over SSH: for git on the runner's machine, and for the job's own git later.
//!
//! Invariant: a key is in files that only its user may read, and goes with the post stage at the
//! latest.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::checkout_plan::SshKey;
use super::place::{self, Destination};
use crate::execution::RunningJob;
use crate::remove_tree::remove_tree;

const KEY: &str = "key";
const KNOWN_HOSTS: &str = "known_hosts";
const CONFIGURATION: &str = "config";

/// As GitHub publishes it; its checkout knows it, too.
const GITHUB_HOST: &str =
    "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

/// Key and known hosts in a directory, which go with this value.
#[derive(Debug)]
pub(super) struct KeyFiles {
    directory: PathBuf,
    strict: bool,
}

impl KeyFiles {
    /// Writes them into a new directory, which is out of the job's reach.
    pub(super) fn write(directory: PathBuf, ssh: &SshKey) -> io::Result<Self> {
        DirBuilder::new().mode(0o700).create(&directory)?;
        write_private(&directory.join(KEY), &format!("{}\n", ssh.key))?;
        let known_hosts = format!("{}\n{GITHUB_HOST}\n", ssh.known_hosts);
        write_private(&directory.join(KNOWN_HOSTS), &known_hosts)?;
        Ok(Self { directory, strict: ssh.strict })
    }

    /// `GIT_SSH_COMMAND` for git on the runner's machine.
    pub(super) fn command(&self) -> String {
        // What the runner's user has configured for itself is not the job's.
        let own = "-F /dev/null -o IdentityAgent=none -o BatchMode=yes";
        format!("{} {own}", command(&self.directory.display().to_string(), self.strict))
    }

    /// Moves them to where the job's git finds them; answers the file of configuration to include.
    pub(super) fn keep(self, job: &RunningJob, step: &str) -> io::Result<String> {
        let inside = format!("{}/{}", job.paths.temp(), name(step));
        let command = command(&inside, self.strict).replace('\\', "\\\\").replace('"', "\\\"");
        let configuration = format!("[core]\n\tsshCommand = \"{command}\"\n");
        write_private(&self.directory.join(CONFIGURATION), &configuration)?;
        if let Some((uid, gid)) = job.foreign_user() {
            place::give_to(&self.directory, uid, gid)?;
        }
        let trash = self.directory.with_file_name("replaced-key");
        DirBuilder::new().mode(0o700).create(&trash)?;
        let work = job.directory.work();
        let path = ["_temp".to_owned(), name(step)];
        place::put(&self.directory, Destination { root: &work, path: &path, trash: &trash }, true)?;
        Ok(format!("{inside}/{CONFIGURATION}"))
    }
}

impl Drop for KeyFiles {
    fn drop(&mut self) {
        if let Err(error) = remove_tree(&self.directory) {
            tracing::warn!(%error, "the key of a checkout goes with the job's directory");
        }
    }
}

/// Removes the key that the step has left for the job.
pub(crate) fn remove_key(job: &RunningJob, step: &str, process: &str) -> Result<(), String> {
    let stage = job.directory.stage().join(process);
    let removed = remove_tree(&stage).and_then(|()| fs::create_dir_all(&stage)).and_then(|()| {
        let work = job.directory.work();
        let path = ["_temp".to_owned(), name(step)];
        place::take(Destination { root: &work, path: &path, trash: &stage })
    });
    removed.and_then(|()| remove_tree(&stage)).map_err(|error| format!("removing the key: {error}"))
}

/// Of the directory, which is the same in all stages of the step.
fn name(step: &str) -> String {
    format!("_ssh_key_{step}")
}

fn command(directory: &str, strict: bool) -> String {
    let quoted = |file: &str| format!("'{}'", format!("{directory}/{file}").replace('\'', r"'\''"));
    let unknown = if strict { "yes" } else { "accept-new" };
    format!(
        "ssh -i {} -o IdentitiesOnly=yes -o StrictHostKeyChecking={unknown} -o CheckHostIP=no -o UserKnownHostsFile={}",
        quoted(KEY),
        quoted(KNOWN_HOSTS)
    )
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
